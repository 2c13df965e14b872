from bars import BAR_HEADER, bar_rows
from scoring import RankScores, Scores, SpanScores

RANKING = RankScores(1.0, 0.9, 1.0, 0.86, 1.0)
SCORES = Scores(3, 0, RANKING, None, SpanScores(0.91, 0.05))


def test_each_bar_of_a_measured_set_has_a_row() -> None:
    assert bar_rows({"hotpot": SCORES, "multiformat": SCORES, "other": SCORES}) == [
        ["hotpot", "nDCG@10", 0.86, 0.86, "yes"], ["multiformat", "recall@5", 0.9, 0.97, "no"],
    ]  # fmt: skip
    assert len(BAR_HEADER) == 5


def test_what_was_not_measured_has_no_row() -> None:
    assert [row[1] for row in bar_rows({"chunking": SCORES, "financebench": SCORES})] == [
        "recall of characters", "precision of characters",
    ]  # fmt: skip

from retrieval import HEADER, Measurement, named, rows_of
from scoring import RankScores, Scores, SpanScores


def test_a_row_may_name_the_kind_of_question() -> None:
    assert named("xquad:en->zh", None) == ("xquad", "en->zh")
    assert named("xquad", "zh->zh") == ("xquad", "zh->zh")
    assert named("squad2", None) == ("squad2", None)


def test_pages_and_characters_have_rows_of_their_own() -> None:
    ranking = RankScores(1.0, 1.0, 1.0, 1.0, 1.0)
    scores = Scores(3, 0, ranking, ranking, SpanScores(0.9, 0.1))
    rows = rows_of(Measurement("long", scores, None, 1.0, 2.0, ()))
    assert [row[0] for row in rows] == [
        "long", "long, pages", "long, first 5: 0.900 of the characters wanted, 0.100 of those shown",
    ]  # fmt: skip
    assert {len(row) for row in rows} == {len(HEADER)}

from pathlib import Path

import followups
import pytest
from followups import FollowUp, Outcome, rank_of, read, rows_of

from assistant.datatypes import Chunk, Hit, Location

ROOT = Path(__file__).parents[2]
DOCUMENTS = {path.name: path for folder in ("examples",
"benchmarks/followups/documents") for path in (ROOT / folder).rglob("*.*")}


@pytest.mark.parametrize("name", ["develop", "report"])
def test_each_file_has_forty_conversations_half_of_them_chinese(name: str) -> None:
    asked = read(name)
    assert (len(asked), sum(each.lang == "zh" for each in asked), len({each.id for each in asked})) == (40, 20, 40)
    for each in asked:
        assert followups.squeezed(each.gold) in followups.squeezed(DOCUMENTS[each.gold_doc].read_text("utf-8")), each


def test_what_is_reported_was_not_developed_on() -> None:
    assert not {each.gold_doc for each in read("develop")} & {each.gold_doc for each in read("report")}


def test_a_passage_counts_where_it_is_of_the_right_file_and_holds_the_words() -> None:
    asked = FollowUp("a", "en", "bare", "What?", "That.", "Why?", "b.md", "the wind blew")
    hits = [Hit(1, f"/x/{name}", "T", Chunk(text, Location(1, 1, 0, 9))) for name, text in
            (("a.md", "the wind blew"), ("b.md", "no wind"), ("b.md", "then the\nwind blew"))]
    assert rank_of(asked, hits) == 3
    assert rank_of(asked, hits[:2]) == 0


def test_the_table_has_a_row_for_each_way() -> None:
    asked = read("report")[:2]
    outcomes = [Outcome(asked[0].id, "alone", "", 1), Outcome(asked[1].id, "alone", "", 6), Outcome(asked[0].id, "rules", "", 2),
                Outcome(asked[1].id, "rules", "", 5)]
    assert [row[:2] + row[3:4] for row in rows_of(asked, outcomes)] == [["alone", "0.500", "0.500"], ["rules", "1.000", "0.000"]]

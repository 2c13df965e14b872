"""Questions that a model drafts from passages: which facts are asked for, which questions are kept, and what is written down."""

from __future__ import annotations

import json

import pytest

from assistant.datatypes import Chunk, Hit, Location
from assistant.errors import UsageError
from assistant.evaluation import parse_questions
from assistant.evaluation.draft import (
    Draft,
    DraftContext,
    FactSpan,
    can_be_answered,
    draft_to_json,
    entity_swaps,
    extract_facts,
    generate_drafts,
    is_found,
    is_good,
    read_drafted,
    shortest_name,
    spread_over_files,
)

LEASE = "The lease of the old mill ends on 31 December 2027 and was signed by Clara Whitlock. The yearly rent is 46,500 pounds."
TOWER = "北山钟楼高41米，建成于1886年，设计者是李德·怀特。门票价格为每人15元。"


def hit_of(text, path="/d/lease.pdf", number=1, **place):
    return Hit(number, path, "", Chunk(text, Location(1, 1, 100, 100 + len(text), **place)))


def kinds_of(text):
    return {fact.text: fact.kind for fact in extract_facts(text)}


def test_facts_of_english_and_chinese():
    assert kinds_of(LEASE) == {"31 December 2027": "date", "Clara Whitlock": "name", "46,500 pounds": "amount"}
    found = kinds_of(TOWER)
    assert (found["41米"], found["1886年"], found["15元"]) == ("amount", "date", "amount")


def test_a_fact_that_stands_twice_is_none():
    assert "May 2020" not in kinds_of("The first meeting of the board was in May 2020. The second one was in May 2020 too.")


def test_a_fact_has_its_sentence_and_its_place():
    fact = next(fact for fact in extract_facts(LEASE) if fact.kind == "amount")
    assert fact.sentence == "The yearly rent is 46,500 pounds."
    assert LEASE[fact.start : fact.start + len(fact.text)] == fact.text


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the yearly rent of the old mill?", True),
        ("What is the yearly rent of the mill, 46,500 pounds?", False),  # holds the answer
        ("What is the yearly rent in this passage?", False),  # points at a text
        ("What is it a year?", False),  # points at nothing
        ("Which dragons sleep under the volcano?", False),  # is about something else
        ("The yearly rent of the old mill.", False),
        ("老磨坊的年租金是多少？", False),  # another language
        ("Rent?", False),
    ],
)
def test_which_questions_are_kept(question, expected):
    fact = FactSpan("46,500 pounds", "amount", "The yearly rent is 46,500 pounds.", 0)
    assert is_good(question, fact, hit_of(LEASE)) is expected


def test_a_chinese_question_is_kept():
    fact = next(fact for fact in extract_facts(TOWER) if fact.text == "41米")
    assert is_good("北山钟楼有多高？", fact, hit_of(TOWER))
    assert not is_good("文中的北山钟楼有多高？", fact, hit_of(TOWER))


def test_the_search_must_find_the_file():
    others = [hit_of("x", f"/d/{number}.txt") for number in range(5)]
    assert is_found(hit_of(LEASE), [*others[:4], hit_of(LEASE)])
    assert not is_found(hit_of(LEASE), [*others, hit_of(LEASE)])


def test_formats_and_files_have_their_turns():
    places = [(1, "/a.pdf"), (2, "/a.pdf"), (3, "/b.pdf"), (4, "/c.md")]
    order = spread_over_files(places)
    assert sorted(order) == [1, 2, 3, 4]
    path_of = dict(places)
    assert {path_of[number].rsplit(".")[-1] for number in order[:2]} == {"pdf", "md"}
    assert len({path_of[number] for number in order[:3]}) == 3
    assert spread_over_files(places[::-1]) == order


def desk(reply, hits=(), done=frozenset()):
    return DraftContext(lambda hit, sentence, fact: reply(hit, fact), lambda question: hits, done)


MILLS = [hit_of(f"The rent of the {name} mill is {rent} pounds a year. It was built by Mason {name}son near Bergen in 18{rent}.",
                f"/d/{name}.md", number)
         for number, (name, rent) in enumerate((("Arden", 51), ("Brook", 62), ("Cedar", 73), ("Dover", 84)))]  # fmt: skip


def test_drafts_can_be_read_by_eval_and_one_in_four_cannot_be_answered():
    def write(hit, fact):
        name = hit.chunk.text.split()[4]
        return f"Which fact do we know of the {name} mill of Mason {name}son?" if name not in fact else "no question"

    found = list(generate_drafts(MILLS, 9, desk(write, MILLS)))
    answered = [draft for draft in found if draft.fact]
    assert len(answered) >= 3
    lines = "\n".join(draft_to_json(draft, [hit.path for hit in MILLS]) for draft in found)
    questions = parse_questions(lines.encode())
    assert all(json.loads(line)["draft"] is True for line in lines.splitlines())
    first = questions[0]
    assert (first.answerable, first.kind, first.lang, len(first.spans)) == (True, "md", "en", 1)
    assert all(answer in draft.hit.chunk.text for draft, question in zip(found, questions, strict=True)
               for answer in question.answers)
    unanswerable = [question for question in questions if not question.answerable]
    assert len(unanswerable) == 1
    assert unanswerable[0].answers == ()


def test_what_is_done_is_not_done_again_and_the_count_is_kept():
    def write(hit, fact):
        return f"Which fact do we know of the {hit.chunk.text.split()[4]} mill?"

    once = list(generate_drafts(MILLS, 2, desk(write, MILLS)))
    assert len(once) == 2
    again = list(generate_drafts(MILLS, 2, desk(write, MILLS, frozenset(draft.identity for draft in once))))
    assert not {draft.identity for draft in once} & {draft.identity for draft in again}


def test_a_model_that_writes_no_question_makes_no_draft():
    assert list(generate_drafts(MILLS, 5, desk(lambda hit, fact: ""))) == []


def test_a_swapped_question_must_not_be_answered_elsewhere():
    question = "When was the mill of Mason Ardenson built?"
    assert ("Mason Ardenson", "Mason Brookson") in list(entity_swaps(question, "Mason Ardenson", {"name": ["Mason Brookson"]}))
    assert list(entity_swaps(question, "Mason Brookson is here", {"name": ["Mason Brookson"]})) == []
    swapped = "When was the mill of Mason Brookson built?"
    assert can_be_answered(swapped, "Mason Brookson", [hit_of("The mill was built by Mason Brookson.")])
    assert not can_be_answered(swapped, "Mason Brookson", [hit_of("Mason Brookson paints."), hit_of("The mill was built.")])


def test_pages_are_named_and_titles_bare():
    text = "去年他出版了《长夜》一书，并且获奖。"
    fact = FactSpan("《长夜》", "title", text, text.index("《"))
    record = json.loads(draft_to_json(Draft("他去年出版了什么书？", hit_of(text, page=3), fact), ["/d/lease.pdf"]))
    assert (record["answers"], record["gold_page"], record["lang"]) == (["长夜"], 3, "zh")
    assert record["gold_span"] == {"start": 100 + fact.start, "end": 104 + fact.start}


def test_the_shortest_name_that_is_clear():
    assert shortest_name("/d/a/x.md", ["/d/a/x.md", "/d/b/y.md"]) == "x.md"
    assert shortest_name("/d/a/x.md", ["/d/a/x.md", "/d/b/x.md"]) == "a/x.md"


def test_a_file_of_drafts_goes_on(tmp_path):
    assert read_drafted(tmp_path / "none.jsonl") == frozenset()
    (tmp_path / "a.jsonl").write_text('{"id": "a.md:1"}\n\n{"id": "b.md:2"}\n', "utf-8")
    assert read_drafted(tmp_path / "a.jsonl") == {"a.md:1", "b.md:2"}
    (tmp_path / "b.txt").write_text("my notes", "utf-8")
    with pytest.raises(UsageError, match="not a file of drafted questions"):
        read_drafted(tmp_path / "b.txt")

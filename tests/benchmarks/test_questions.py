"""Reading of questions; the questions about the examples agree with the examples."""

import json
from pathlib import Path

import pytest
from questions import Span, parse_question, read_questions, read_set
from wording import is_contained

EXAMPLES = Path(__file__).parents[2] / "examples"
QUESTIONS = read_questions(EXAMPLES / "questions.jsonl")


def test_a_record_with_everything():
    record = {
        "id": "1", "question": "?", "answerable": True, "answers": ["x"], "gold_docs": ["a.pdf"], "kind": "k",
        "qrels": {"a.pdf": 2}, "pages": [{"doc": "a.pdf", "page": 3}],
        "spans": [{"doc": "a.pdf", "start": 1, "end": 4, "text": "abc"}],
    }  # fmt: skip
    question = parse_question(record)
    assert question.gains == (("a.pdf", 2),)
    assert question.pages == {("a.pdf", 3)}
    assert question.spans == (Span("a.pdf", 1, 4),)


def test_a_single_gold_page():
    record = {"id": "1", "question": "?", "answerable": True, "gold_docs": ["a.pdf"], "gold_page": 2}
    assert parse_question(record).pages == {("a.pdf", 2)}
    assert parse_question(record).gains == (("a.pdf", 1),)


def test_xquad_is_asked_from_chinese_to_chinese(tmp_path):
    (tmp_path / "xquad").mkdir()
    records = [{"id": kind, "question": "?", "answerable": True, "kind": kind} for kind in ("en->zh", "zh->zh")]
    (tmp_path / "xquad" / "queries.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
    assert [question.id for question in read_set(tmp_path, "xquad")] == ["zh->zh"]
    assert [question.id for question in read_set(tmp_path, "xquad", "en->zh")] == ["en->zh"]


def test_the_example_questions_are_of_both_languages_and_sorts():
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS) == 24
    assert sum(not question.answerable for question in QUESTIONS) == 4
    assert all(bool(question.answers) == question.answerable == bool(question.gains) for question in QUESTIONS)


@pytest.mark.parametrize("question", [question for question in QUESTIONS if question.answerable], ids=lambda q: q.id)
def test_the_example_files_hold_the_answers(question):
    [name] = question.gold_documents
    [path] = EXAMPLES.rglob(name)
    if path.suffix in {".md", ".txt", ".csv", ".html"}:
        text = path.read_text("utf-8")
        assert any(is_contained(answer, text) for answer in question.answers)

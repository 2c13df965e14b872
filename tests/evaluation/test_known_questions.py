"""Lines of a file as questions, and lines that are none."""

from __future__ import annotations

import json

import pytest

from assistant.errors import UsageError
from assistant.evaluation.dataset import Question, Span, parse_questions


def parse(*records):
    return parse_questions("\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode())


def test_a_line_with_a_question_alone():
    assert parse({"question": "Why?"}) == (Question("1", "Why?"),)


def test_a_line_with_everything():
    (question,) = parse({
        "id": "a", "question": "何时?", "answerable": True, "answers": ["2027"], "answer_groups": [["2027", "27"], ["May"]],
        "gold_docs": ["b.txt", "a.txt"], "qrels": {"a.txt": 2, "b.txt": 1, "c.txt": 0}, "pages": [{"doc": "a.txt", "page": 3}],
        "spans": [{"doc": "a.txt", "start": 4, "end": 9}], "kind": "single", "lang": "zh", "anything": "else",
    })  # fmt: skip
    assert question == Question("a", "何时?", True, ("2027",), (("2027", "27"), ("May",)), frozenset({"a.txt", "b.txt"}),
                                (("a.txt", 2), ("b.txt", 1)), frozenset({("a.txt", 3)}), (Span("a.txt", 4, 9),), "single", "zh")


def test_a_gold_page_is_of_the_gold_file_and_so_is_a_span_that_names_none():
    (question,) = parse({"question": "?", "gold_docs": ["a.pdf"], "gold_page": 2, "gold_span": {"start": 0, "end": 5}})
    assert question.gains == (("a.pdf", 1.0),)
    assert question.pages == {("a.pdf", 2)}
    assert question.spans == (Span("a.pdf", 0, 5),)


def test_files_of_pages_and_spans_are_right_files():
    of_pages, of_spans = parse({"question": "?", "pages": [{"doc": "a.pdf", "page": 2}, {"doc": "a.pdf", "page": 3}]},
                               {"question": "?", "spans": [{"doc": "b.txt", "start": 1, "end": 2}]})
    assert (of_pages.gains, of_pages.gold_documents) == ((("a.pdf", 1.0),), {"a.pdf"})
    assert (of_spans.gains, of_spans.gold_documents) == ((("b.txt", 1.0),), {"b.txt"})


def test_the_id_is_the_number_of_the_line_where_there_is_none():
    content = b'\xef\xbb\xbf{"question": "a"}\n\n{"question": "b"}\r\n{"id": 7, "question": "c"}\n'
    assert [question.id for question in parse_questions(content)] == ["1", "3", "7"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no json", "Line 2 is not JSON"),
        ("[1]", "Line 2: what stands there must be an object"),
        ('{"id": "x"}', "Line 2: it has no question"),
        ('{"question": " "}', "Line 2: it has no question"),
        ('{"question": "?", "answers": "2027"}', "answers must be a list"),
        ('{"question": "?", "answers": [2027]}', "each of answers must be a text"),
        ('{"question": "?", "answerable": "no"}', "answerable must be true or false"),
        ('{"question": "?", "qrels": {"a": "high"}}', "the gain of a in qrels is not a number"),
        ('{"question": "?", "qrels": {"a": NaN}}', "the gain of a in qrels is not a number"),
        ('{"question": "?", "gold_page": 1}', "it has a gold_page and no gold_docs"),
        ('{"question": "?", "gold_docs": ["a"], "gold_page": "1"}', "gold_page must be a whole number"),
        ('{"question": "?", "pages": [{"doc": "a", "page": true}]}', "the number of a page must be a whole number"),
        ('{"question": "?", "gold_docs": ["a", "b"], "gold_span": {"start": 0, "end": 5}}', "the doc of a span must be a text"),
        ('{"question": "?", "gold_docs": ["a"], "gold_span": {"start": 5, "end": 5}}', "a span ends before it starts"),
        ('{"id": "1", "question": "again"}', "Line 2 has the id '1', which an earlier line has too"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named(line, reason):
    with pytest.raises(UsageError, match=reason) as raised:
        parse_questions(b'{"question": "fine"}\n' + line.encode())
    assert raised.value.hint


def test_a_file_without_questions():
    with pytest.raises(UsageError, match="no question"):
        parse_questions(b"\n\n")

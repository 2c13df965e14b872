import pytest

from assistant.text.lines import blocks_of, lines_of
from assistant.text.sentences import sentence_spans


@pytest.mark.parametrize("text", ["a | b\nc | d", "h1;h2;h3\n1;2;3\n4;5;6", "a\tb\nc\td"])
def test_lines_with_the_same_marks_are_rows(text: str) -> None:
    assert all(len(line.cells) > 1 for line in lines_of(text))
    assert [text[start:end] for start, end in sentence_spans(text)] == text.split("\n")


def test_prose_with_a_comma_is_no_row() -> None:
    assert [line.cells for line in lines_of("First, open the valve.\nThen wait an hour.")] == [(), ()]


def test_a_sentence_over_two_short_lines_is_whole() -> None:
    text = "The boiler is old. Its safety valve opens at\n6 bar. The pressure is read every day by the caretaker."
    assert "Its safety valve opens at\n6 bar." in [text[start:end] for start, end in sentence_spans(text)]


def test_items_of_a_list_are_apart() -> None:
    assert [len(block) for block in blocks_of("- one thing\n- another thing")] == [1, 1]

"""Names of files in answers are on one line and without direction marks."""

from assistant.generation.documents import SourceFile


def test_a_name_is_shown_on_one_line() -> None:
    assert SourceFile("/in\nvoice\u202etxt.md", "").shown_name == "in\ufffdvoice\ufffdtxt.md"
    assert SourceFile("/采购 合同.md", "").shown_name == "采购 合同.md"

"""Names of files in answers are on one line and without direction marks; files of the same name are told apart."""

import pytest
from builders import file_with

from assistant.generation.documents import SourceFile, recognize_task, resolve_files, shown_names
from assistant.generation.documents.compare import compare_files
from assistant.system.paths import distinct_names

YEARS = tuple(SourceFile(f"/clients/{year}/retainer.docx", "Retainer") for year in (2023, 2024, 2025))


def test_a_name_is_shown_on_one_line() -> None:
    assert shown_names(["/in\nvoice\u202etxt.md"]) == {"/in\nvoice\u202etxt.md": "in\ufffdvoice\ufffdtxt.md"}
    assert list(shown_names(["/采购 合同.md"]).values()) == ["采购 合同.md"]


def test_files_of_the_same_name_are_shown_with_the_folders_that_tell_them_apart() -> None:
    paths = ["/a/2024/fee.md", "/b/2024/fee.md", "/b/2025/fee.md", "/b/other.md", "/fee.md"]
    assert list(distinct_names(paths).values()) == ["a/2024/fee.md", "b/2024/fee.md", "2025/fee.md", "other.md", "/fee.md"]


def test_the_head_of_a_comparison_tells_files_of_the_same_name_apart() -> None:
    old, new = file_with("The fee is 10 pounds.", name="2024/fee.md"), file_with("The fee is 12 pounds.", name="2025/fee.md")
    assert compare_files(old, new, "en")[0].text.startswith("From 2024/fee.md to 2025/fee.md: ")


@pytest.mark.parametrize("question", [
    "What changed between clients/2023/retainer.docx and clients/2025/retainer.docx?",
    "What changed between 2023/retainer.docx and 2025/retainer.docx?",
    "比较2023/retainer.docx和2025/retainer.docx的区别",
])
def test_files_of_the_same_name_can_be_named_with_their_folders(question: str) -> None:
    task = recognize_task(question)
    assert task is not None
    assert resolve_files(task, question, YEARS, narrowed=False) == (YEARS[0], YEARS[2])

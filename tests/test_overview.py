"""Questions about whole files through the whole program, with models that need no weights."""

from pathlib import Path

import pytest

from assistant import Assistant, Settings
from assistant.answer.whole import WholeStream
from assistant.datatypes import Filter
from assistant.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    (files / "plan-2023.md").write_text("# Plan\n\nThe budget is 900 euros.\n\nSend the report by 3 May 2023.\n", "utf-8")
    (files / "plan-2024.md").write_text("# Plan\n\nThe budget is 950 euros.\n\nSend the report by 4 May 2024.\n", "utf-8")
    return files


def test_differences_lists_and_summaries_of_files(tmp_path: Path, folder: Path) -> None:
    with Assistant(Settings(home=tmp_path / "home", chat="fake:", embed="fake:")) as assistant:
        assistant.add([folder])
        answer = assistant.ask("What changed between plan-2023.md and plan-2024.md?").answer
        assert "900 → 950" in answer.text
        assert [Path(citation.path).name for citation in answer.citations[:2]] == ["plan-2023.md", "plan-2024.md"]
        listed = assistant.ask("List all deadlines").answer
        assert [citation.quote[-11:] for citation in listed.citations] == ["3 May 2023.", "4 May 2024."]
        assert [citation.location.line_start for citation in listed.citations] == [5, 5]
        with pytest.raises(UsageError, match="Which file"):
            assistant.ask("Summarise this file")
        one = Filter((str(folder / "plan-2024.md"),))
        assert "4 May 2024" in assistant.ask("Summarise this file", (), one).answer.text
        notes = assistant.library_file.parent / "notes"
        assert list(notes.glob("*/*.txt"))
        assistant.remove(folder)
        assert not list(notes.glob("*/*.txt"))


def test_an_ordinary_question_goes_the_ordinary_way(tmp_path: Path, folder: Path) -> None:
    with Assistant(Settings(home=tmp_path / "home", chat="fake:", embed="fake:")) as assistant:
        assistant.add([folder])
        for question in ("How high is the budget?", "What is the difference between rain and snow?", "List all kings of France"):
            assert not isinstance(assistant.ask(question), WholeStream)

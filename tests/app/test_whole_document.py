"""Questions about whole files through the whole program, with models that need no weights."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Assistant, Settings
from assistant.datatypes import Filter
from assistant.errors import UsageError
from assistant.generation.documents import WholeDocumentStream


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
            assert not isinstance(assistant.ask(question), WholeDocumentStream)


def test_where_files_disagree_the_answer_says_so(tmp_path: Path, folder: Path) -> None:
    with Assistant(Settings(home=tmp_path / "home", chat="fake:", embed="fake:")) as assistant:
        assistant.add([folder])
        stream = assistant.ask("How high is the budget in euros?")
        assert "".join(stream) == stream.answer.text
        said = "Your files disagree (newest first): “The budget is 950 euros.” "
        assert said in stream.answer.text
        (conflict,) = stream.answer.conflicts
        assert [side.date for side in conflict.sides] == ["2024", "2023"]
        numbers = {citation.number: citation for citation in stream.answer.citations}
        assert all(numbers[side.citation.number] == side.citation for side in conflict.sides)


def test_files_that_differ_in_one_number_only_are_no_duplicates_without_a_word(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    rest = " ".join(f"Clause {number} says what party number {number} must do." for number in range(12))
    (files / "terms-v1.md").write_text(f"The notice period is thirty days. {rest}", "utf-8")
    (files / "terms-v2.md").write_text(f"The notice period is sixty days. {rest}", "utf-8")
    with Assistant(Settings(home=tmp_path / "home", chat="fake:", embed="fake:")) as assistant:
        assistant.add([files])
        answer = assistant.ask("How long is the notice period?").answer
        assert len(answer.hits) == 1
        (conflict,) = answer.conflicts
        assert {side.citation.quote for side in conflict.sides} == {
            "The notice period is thirty days.", "The notice period is sixty days."}


def test_notes_on_a_file_stand_with_its_own_library(tmp_path: Path, folder: Path) -> None:
    settings = Settings(home=tmp_path / "home", chat="fake:", embed="fake:")
    for name, file in (("one", "plan-2023.md"), ("two", "plan-2024.md")):
        with Assistant(replace(settings, library=name)) as assistant:
            assistant.add([folder / file])
    with Assistant(replace(settings, library="one,two")) as assistant:
        assert "4 May 2024" in assistant.ask("Summarise plan-2024.md").answer.text
    notes = [file.relative_to(settings.libraries_folder).parts[0] for file in settings.home.rglob("*.txt")]
    assert notes
    assert set(notes) == {"two"}
    (folder / "plan-2024.md").write_text("# Plan\n\nNothing is left of it.\n", "utf-8")
    with Assistant(replace(settings, library="two")) as assistant:
        assistant.refresh()
    assert not list(settings.home.rglob("*.txt"))

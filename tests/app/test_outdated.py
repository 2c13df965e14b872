"""What changed on the disk since it was read is said, and the program's own files are not read."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from unittest import mock

import pytest

from assistant.app.ask import outdated as outdated_files
from assistant.app.assistant import Assistant
from assistant.config import Settings
from assistant.datatypes import OutdatedFile


@pytest.fixture
def settings(own_home: Path) -> Settings:
    return Settings(home=own_home, chat="fake:", embed="fake:")


def outdated(assistant: Assistant) -> tuple[tuple[OutdatedFile, ...], tuple[OutdatedFile, ...]]:
    """Return what is outdated according to a search and to an answer."""
    return assistant.search("How much is the rent?", 3).outdated, assistant.ask("How much is the rent?").answer.outdated


def test_cited_files_that_changed_or_vanished_are_named(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "lease.md"
    file.write_text("The rent is 900 euros a month.\n", "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([file])
        assert outdated(assistant) == ((), ())
        file.write_text("The rent is 950 euros a month from now on.\n", "utf-8")
        changed = (OutdatedFile(str(file), "changed"),)
        assert outdated(assistant) == (changed, changed)
        with mock.patch.object(outdated_files, "os", mock.Mock(stat=mock.Mock(side_effect=PermissionError))):
            assert assistant.search("rent").outdated == ()
        file.unlink()
        missing = (OutdatedFile(str(file), "missing"),)
        assert outdated(assistant) == (missing, missing)


def test_of_a_file_inside_another_the_outer_one_counts(settings: Settings, tmp_path: Path) -> None:
    outer = tmp_path / "papers.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("lease.md", "The rent is 900 euros a month.\n")
    with Assistant(settings) as assistant:
        assistant.add([tmp_path])
        assert outdated(assistant) == ((), ())
        os.utime(outer, (1e9, 1e9))
        assert assistant.search("rent").outdated == (OutdatedFile(str(outer), "changed"),)


def test_a_folder_above_the_home_leaves_the_home_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "notes").mkdir(parents=True)
    (home / "notes" / "own.md").write_text("A kept conversation about the rent.\n", "utf-8")
    (tmp_path / "lease.md").write_text("The rent is 900 euros.\n", "utf-8")
    with Assistant(Settings(home=home, chat="fake:", embed="fake:")) as assistant:
        assistant.add([tmp_path])
        assert [entry.path for entry in assistant.ledger()] == [str(tmp_path / "lease.md")]
        assistant.refresh()
        assert [entry.path for entry in assistant.ledger()] == [str(tmp_path / "lease.md")]

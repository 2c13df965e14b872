"""Deletion that deletes: no byte of what was removed is left in any file of the home."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.app.assistant import Assistant
from assistant.app.library import maintenance as upkeep
from assistant.app.library.registry import delete
from assistant.config import Settings
from assistant.datatypes import Citation, Location, Turn
from assistant.history import Sessions
from assistant.index import Store
from assistant.index import vector_index as vectors
from assistant.index.places import LIBRARY_LINK
from assistant.models.llama.kv_cache import document_mark

SECRET = "Zebrafish Quetzalcoatl whispers a passphrase: Mxyzptlk-409172835518. 紫罗兰花园的密码是蝴蝶。"
MARKS = ("ebrafish", "uetzalcoatl", "xyzptlk", "409172835518", "紫罗兰", "罗兰", "兰花", "蝴蝶", "紫 罗")
VECTORS = {"vectors"}
CHARACTER = "蝴"  # the keyword index has it alone; its two or three bytes can stand among vectors by chance


@pytest.fixture
def settings(own_home: Path) -> Settings:
    return Settings(home=own_home, chat="fake:", embed="fake:")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(60):
        (folder / f"plain{number}.md").write_text(f"# Plain {number}\n\nNothing about item {number}, word{number}.\n", "utf-8")
    for number in range(8):
        (folder / f"diary{number}.md").write_text(f"# {SECRET}\n\n{SECRET} Page {number}.\n", "utf-8")
    return folder


def traces(home: Path) -> Iterator[str]:
    """Yield each file with a mark of the secret in it, in any case and any likely encoding."""
    for file in home.rglob("*"):
        if file.is_file() and file.suffix != ".lock":
            content = file.read_bytes().lower()
            for mark in MARKS:
                for form in (mark.lower().encode(), mark.lower().encode("utf-16-le"), mark.lower().encode("utf-16-be")):
                    if form in content:
                        yield f"{file.name}: {mark}"


    for file in home.rglob("library.sqlite"):
        yield from (f"{table}: {CHARACTER}" for table in tables_with(file, CHARACTER))


def tables_with(file: Path, character: str) -> Iterator[str]:
    """Yield each table of a library, those of the keyword index included and those of vectors not, that has a character in it."""
    with closing(sqlite3.connect(file)) as library:
        for table, sql in library.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall():
            if "VIRTUAL" in sql.upper() or table in VECTORS:
                continue
            for row in library.execute(f'SELECT * FROM "{table}"'):
                if any(character in value if isinstance(value, str) else isinstance(value, bytes) and character.encode() in value
                       for value in row):
                    yield table


def fill(settings: Settings, folder: Path) -> None:
    with Assistant(settings) as assistant:
        assistant.add([folder])
        assert "ebrafish" in assistant.search("Zebrafish passphrase").hits[0].chunk.text
    assert {"chunks", "words_data"} <= set(tables_with(settings.libraries_folder / "default" / "library.sqlite", CHARACTER))


def remove_diary(assistant: Assistant, folder: Path) -> None:
    for number in range(8):
        assistant.remove(folder / f"diary{number}.md")


@pytest.mark.parametrize("is_large", [False, True])
def test_no_byte_of_a_removed_file_is_left(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch, is_large: bool
                                           ) -> None:
    monkeypatch.setattr(vectors, "REBUILD_AFTER", 5)
    if is_large:
        monkeypatch.setattr(upkeep, "REWRITE_LIMIT", 0)
    fill(settings, folder)
    assert list(traces(settings.home))
    with Assistant(settings) as assistant:
        remove_diary(assistant, folder)
        assert is_large or not list(traces(settings.home))
        assert assistant.check() == ()
        assert not list(traces(settings.home))
        assert assistant.status().documents == 60
        assert assistant.search("word7").hits[0].path.endswith("plain7.md")


def test_a_deleted_file_leaves_with_the_next_sync_and_check(settings: Settings, folder: Path) -> None:
    fill(settings, folder)
    for number in range(8):
        (folder / f"diary{number}.md").unlink()
    with Assistant(settings) as assistant:
        assistant.sync()
        assert assistant.check() == ()
    assert not list(traces(settings.home))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a kill that nobody notices")
@pytest.mark.parametrize("method", ["rewrite_keyword_index", "truncate_wal", "drop_files"])
def test_what_a_kill_left_goes_with_the_check(settings: Settings, folder: Path, method: str) -> None:
    fill(settings, folder)
    program = ("import os, sys, pathlib\nfrom assistant.config import load_settings\nfrom assistant.index import Store\n"
               "from assistant.app.assistant import Assistant\n"
               f"Store.{method} = lambda *_: os.kill(os.getpid(), 9)\n"
               "Assistant(load_settings()).remove(pathlib.Path(sys.argv[1]))\n")
    environment = {**os.environ, "ASSISTANT_HOME": str(settings.home), "ASSISTANT_EMBED": "fake:", "ASSISTANT_CHAT": "fake:"}
    done = subprocess.run([sys.executable, "-c", program, str(folder / "diary0.md")], env=environment,
                          cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -9
    with Assistant(replace(settings)) as assistant:
        for number in range(method != "drop_files", 8):
            assistant.remove(folder / f"diary{number}.md")
        assert assistant.check() == ()
    assert not list(traces(settings.home))


def quoting(path: Path, quote: str) -> Citation:
    return Citation(1, str(path), quote[:20], Location(1, 1, 0, len(quote)), quote)


def talk_about(settings: Settings, folder: Path) -> str:
    """Keep a conversation that quotes the diary, repeats what was said, and then speaks of another file."""
    sessions, asked = Sessions(settings.sessions_folder), "2024-03-14T10:00:00+00:00"
    diary, plain = quoting(folder / "diary0.md", SECRET), quoting(folder / "plain7.md", "Nothing about item 7, word7.")
    name = sessions.begin(settings.library, Turn("What is whispered?", f"{SECRET} [1]", (diary,), asked=asked))
    again = Citation(1, name, SECRET, Location(1, 1, 0, 5), SECRET, "turn")
    sessions.append(name, Turn("你刚才说了什么？", SECRET, (again,), asked=asked))
    sessions.append(name, Turn("And item 7?", "Nothing [1].", (plain,), f"item 7 {SECRET}", asked=asked))
    return name


@pytest.mark.parametrize("by_removing", [True, False])
def test_kept_conversations_lose_what_was_removed_and_nothing_else(settings: Settings, folder: Path, by_removing: bool) -> None:
    fill(settings, folder)
    name = talk_about(settings, folder)
    elsewhere = Sessions(settings.sessions_folder).begin("another", Turn("Why?", "So.", (quoting(folder / "x.md", "So it is."),)))
    with Assistant(settings) as assistant:
        if by_removing:
            remove_diary(assistant, folder)
        else:
            for number in range(8):
                (folder / f"diary{number}.md").unlink()
            assistant.sync()
            assert assistant.check() == ()
    assert not list(traces(settings.home))
    first, second, third = Sessions(settings.sessions_folder).find(name).turns
    gone = first.citations[0]
    assert (first.question, gone.path, gone.quote) == ("What is whispered?", str(folder / "diary0.md"), "")
    assert "taken out" in first.answer
    assert "已删除" in second.answer
    assert (third.answer, third.citations[0].quote) == ("Nothing [1].", "Nothing about item 7, word7.")
    assert Sessions(settings.sessions_folder).find(elsewhere).turns[0].answer == "So."


@pytest.mark.parametrize("deletes_library", [False, True])
def test_conversations_over_several_libraries_lose_what_no_other_library_holds(settings: Settings, tmp_path: Path,
                                                                               deletes_library: bool) -> None:
    work, home = replace(settings, library="work"), replace(settings, library="home")
    texts = {"only.md": "The barn owl nests here.", "both.md": "The ferry leaves at dawn.", "other.md": "The kiln is cold."}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-8")
    for of_library, names in ((work, ("only.md", "both.md")), (home, ("both.md", "other.md"))):
        with Assistant(of_library) as assistant:
            assistant.add([tmp_path / name for name in names])
    sessions = Sessions(settings.sessions_folder)
    turns = [Turn("And?", text, (quoting(tmp_path / name, text),)) for name, text in texts.items()]
    together = ("work,home", "home, work", "work,home,missing", "homework,home")
    kept = [sessions.begin(libraries, turns[0]) for libraries in together]
    for name in kept:
        for turn in turns[1:]:
            sessions.append(name, turn)
    if deletes_library:
        delete(settings, "work")
    else:
        with Assistant(work) as assistant:
            assistant.remove(tmp_path / "only.md")
            assistant.remove(tmp_path / "both.md")
    for name in kept[:3]:
        lost, *others = sessions.find(name).turns
        assert "taken out" in lost.answer and not lost.citations[0].quote
        assert others == turns[1:]
    assert list(sessions.find(kept[3]).turns) == turns


def test_conversations_keep_what_an_unreadable_or_shared_library_may_hold(settings: Settings, tmp_path: Path) -> None:
    work = replace(settings, library="work")
    (tmp_path / "a.md").write_text("The barn owl nests here.", "utf-8")
    with Assistant(work) as assistant:
        assistant.add([tmp_path / "a.md"])
    for name, file in (("damaged", "library.sqlite"), ("shared", LIBRARY_LINK)):
        (settings.libraries_folder / name).mkdir()
        (settings.libraries_folder / name / file).write_bytes(b"no library" * 100)
    sessions = Sessions(settings.sessions_folder)
    turn = Turn("And?", "It nests.", (quoting(tmp_path / "a.md", "The barn owl nests here."),))
    kept = [sessions.begin(libraries, turn) for libraries in ("work,damaged", "work,shared")]
    delete(settings, "work")
    assert [sessions.find(name).turns for name in kept] == [(turn,), (turn,)]


def test_a_renamed_file_stays_in_kept_conversations(settings: Settings, folder: Path) -> None:
    fill(settings, folder)
    name = talk_about(settings, folder)
    for number in range(8):
        (folder / f"diary{number}.md").rename(folder / f"journal{number}.md")
    with Assistant(settings) as assistant:
        assistant.sync()
        assistant.check()
    assert SECRET in Sessions(settings.sessions_folder).find(name).turns[0].answer


def test_the_ledger_is_read_once_for_everything_that_models_derived(settings: Settings, folder: Path,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    fill(settings, folder)
    library = settings.libraries_folder / "default"
    (library / "notes" / "of-a-file-that-is-gone").mkdir(parents=True)
    (library / "calibration.jsonl").write_text('{"passage": "/gone.md#0"}\n', "utf-8")
    read: list[int] = []
    ledger = Store.ledger
    monkeypatch.setattr(Store, "ledger", lambda store: read.append(1) or ledger(store))
    with Assistant(settings) as assistant:
        upkeep.purge(assistant._library)
    assert len(read) == 1
    assert list((library / "notes").iterdir()) == []
    assert (library / "calibration.jsonl").read_text("utf-8") == ""


def store_states(settings: Settings) -> dict[str, Path]:
    """Store a KV state for each file of the default library, and one of another library; return them by file name."""
    folder = settings.home / "cache" / "kv"
    folder.mkdir(parents=True, exist_ok=True)
    with closing(Store(settings.libraries_folder / "default" / "library.sqlite")) as store:
        marks = {Path(path).name: document_mark("default", entry.content_hash) for path, entry in store.ledger().items()}
    (settings.libraries_folder / "team").mkdir()
    (settings.libraries_folder / "team" / "library.sqlite").touch()
    marks["of team"] = document_mark("team", "hash")
    states = {name: folder / f"0123456789abcdef-{mark}.kv" for name, mark in marks.items()}
    for state in states.values():
        state.write_bytes(b"state")
    return states


def test_the_kv_states_of_a_removed_or_changed_file_are_deleted(settings: Settings, folder: Path) -> None:
    with Assistant(settings) as assistant:
        assistant.add([folder])
        states = store_states(settings)
        (folder / "diary0.md").write_text("# Nothing", "utf-8")
        (folder / "diary1.md").unlink()
        assistant.sync()
        gone = {name for name, state in states.items() if not state.exists()}
        assert gone == {"diary0.md", "diary1.md"}
        assistant.remove(folder / "plain1.md")
        assert not states["plain1.md"].exists() and states["plain2.md"].exists()


def test_the_kv_states_of_a_deleted_library_are_deleted(settings: Settings, folder: Path) -> None:
    with Assistant(settings) as assistant:
        assistant.add([folder])
    states = store_states(settings)
    delete(settings, "default")
    assert [name for name, state in states.items() if state.exists()] == ["of team"]

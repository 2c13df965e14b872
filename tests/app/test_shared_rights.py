"""Rights in a shared library: what a reader is told equals what a library holding only the readable files tells.

Every result is compared whole, with its scores: they would differ if hidden files were counted in the frequencies of words.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, is_dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from assistant import Assistant, Settings
from assistant.app.library import registry
from assistant.datatypes import EVERY_FILE, Citation, FileState, Filter, Location
from assistant.errors import AssistantError, UsageError
from assistant.index.milvus import connection
from assistant.index.milvus.schema import PASSAGES, VECTORS
from tests.index.milvus.memory_tables import MemoryTables

PLACE = "milvus://db.example:19530/"
GROUPS = ("board", "clerks", "lawyers")
READERS = [frozenset(chosen) for count in range(len(GROUPS) + 1) for chosen in combinations(GROUPS, count)]
WORDS = "garden lease rent notice pump valve winter summer council article clause deposit".split()
ROOTS = {"open": "", "law": "lawyers", "law/inner": "", "office": "clerks,lawyers", "office/board": "board", "top": "board"}
QUESTIONS = 300  # benchmarks/shared_rights.py asks thousands
UNCOMPARED = {"chunk_id", "timings", "bytes", "milliseconds", "name", "embedder_name"}  # bytes of this machine's folder


@dataclass
class Office:
    """A folder for each root, and by reader the shared library and the one with only what this reader may see.

    The library is read on the machine of the writer, which has the folders, and elsewhere, where they are names.
    """

    home: Path
    files: list[Path]
    seen: dict[frozenset[str], tuple[Assistant, Assistant]]
    elsewhere: dict[frozenset[str], Assistant]
    writer: Assistant
    tables: dict[str, MemoryTables]


@contextmanager
def opened_office(home: Path) -> Iterator[Office]:
    """Open an office in a folder."""
    chance = random.Random(7)
    files = [write_file(home / root, number, chance) for root in ROOTS for number in range(4)]
    for root in ("open", "law", "top"):  # near-duplicates in readable and in hidden folders
        (home / root / "copy.txt").write_text("The council met in winter and agreed on the garden pump.\n" * 3, "utf-8")
        files.append(home / root / "copy.txt")
    tables: dict[str, MemoryTables] = {}
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(connection, "connect", lambda address, **_: tables.setdefault(address.database, MemoryTables()))

        def opened(name: str, database: str, reader: frozenset[str]) -> Assistant:
            settings = Settings(home=home / f"home of {name}", library="team", embed="fake:", chat="fake:",
                                groups=",".join(reader))
            if not (settings.libraries_folder / "team").exists():
                registry.create(settings, "team", {}, f"{PLACE}{database}")
            return stack.enter_context(Assistant(settings))

        writer = opened("writer", "team", frozenset())
        fill(writer, home, dict(ROOTS))
        seen, elsewhere = {}, {}
        for number, reader in enumerate(READERS):
            alone = opened(f"reference {number}", f"only_{number}", frozenset())
            fill(alone, home, {root: "" for root, groups in ROOTS.items() if not groups or reader & set(groups.split(","))})
            for root in ROOTS:
                if f"{home / root}" not in map(str, alone.roots()) and any(parent in map(str, alone.roots()) for parent in
                                                                         map(str, (home / root).parents)):
                    alone.remove(home / root)
            seen[reader] = opened("writer", "team", reader), alone
            elsewhere[reader] = opened(f"reader {number}", "team", reader)
        yield Office(home, files, seen, elsewhere, writer, tables)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(tmp_path_factory.mktemp("office")) as made:
        yield made


def write_file(folder: Path, number: int, chance: random.Random) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    secret = f"Secret {folder.name.upper()}-{number}4711 is known."
    text = "\n\n".join(" ".join(chance.choices(WORDS, k=30)) + f". {secret}" for _ in range(chance.randint(1, 3)))
    (folder / f"{number}.txt").write_text(text, "utf-8")
    return folder / f"{number}.txt"


def fill(assistant: Assistant, home: Path, roots: dict[str, str]) -> None:
    assistant.add([home / root for root in roots])
    for root, groups in roots.items():
        assistant.set_groups(home / root, [name for name in groups.split(",") if name])


def plain(value: Any) -> Any:
    """Return a result as plain data without what must differ between two libraries: ids of chunks, times, sizes of folders."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if key not in UNCOMPARED}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return round(value, 5) if isinstance(value, float) else value


def told(ask: Callable[[Assistant, str], Any], assistant: Assistant, home: str) -> str:
    """Return what a reader is told, a result or the words of an error, with paths below the folder of the office."""
    try:
        found = plain(ask(assistant, home))
    except AssistantError as error:
        found = type(error).__name__, str(error), error.hint, error.exit_code
    return repr(found).replace(home, "") if home else repr(found)


def random_reading(office: Office, chance: random.Random) -> Callable[[Assistant, str], Any]:
    """Return a random question of a reader, often about a file by name; it is told where the folders of the office are."""
    secret = f"{chance.choice(office.files).parent.name.upper()}-{chance.randrange(4)}4711"
    question = " ".join(chance.sample([*WORDS, secret], 3))
    name, limit = str(chance.choice(office.files).relative_to(office.home)), chance.choice([1, 3, 10])
    kind, place = chance.choice(["", "", "", "file", "folder", "type"]), chance.randrange(40)

    def within(home: str) -> Filter:
        paths = {"file": (f"{home}{name}",), "folder": (f"{home}{name.rpartition('/')[0]}",)}
        return Filter(types=("txt",)) if kind == "type" else Filter(paths[kind]) if kind else EVERY_FILE

    return chance.choices([
        lambda assistant, home: assistant.search(question, limit, within(home)),
        lambda assistant, home: assistant.explain(question, within(home)),
        lambda assistant, home: replace(assistant.status(within(home)), path=""),
        lambda assistant, home: assistant.files(within(home), "", limit),
        lambda assistant, home: assistant.passage(f"{home}{name}", place, 1),
        lambda assistant, home: assistant.text(f"{home}{name}"),
        lambda assistant, home: (assistant.ledger(), sorted(assistant.root_groups())),
        lambda assistant, home: [path for _, path in assistant.passage_places()],
        lambda assistant, home: assistant.ask(question, (), within(home)).answer,
    ], [70, 5, 5, 5, 5, 3, 3, 2, 2])[0]


def test_a_reader_is_told_what_a_library_of_the_readable_files_tells(office: Office) -> None:
    assert differences(office, QUESTIONS, 11) == []


def differences(office: Office, questions: int, seed: int) -> list[tuple[list[str], Any, Any]]:
    """Ask random questions as random readers on either machine; return (reader, answer, expected answer) if they differ."""
    chance, wrong = random.Random(seed), []
    for _ in range(questions):
        reader = chance.choice(READERS)
        (here, alone), home = office.seen[reader], f"{office.home}/"
        ask = random_reading(office, chance)
        found = told(ask, office.elsewhere[reader], "") if chance.random() < 0.5 else told(ask, here, home)
        if found != (expected := told(ask, alone, home)):
            wrong.append((sorted(reader), found, expected))
    return wrong


def test_the_readers_see_what_their_groups_allow(office: Office) -> None:
    def folders(*groups: str) -> set[str]:
        return {entry.root.rpartition("/office0/")[2] for entry in office.seen[frozenset(groups)][0].ledger()}

    assert folders() == {"open", "law/inner"}
    assert folders("lawyers") == {"open", "law", "office"}  # the files of law/inner were read from law
    assert folders("board") == {"open", "law/inner", "office/board", "top"}
    assert office.writer.status(EVERY_FILE).documents == len(office.seen[frozenset()][0].ledger())


def test_only_what_is_readable_goes_into_a_copy(office: Office, tmp_path: Path) -> None:
    reader = office.seen[frozenset({"clerks"})][0]
    registry.export(reader.settings, "team", tmp_path / "copy.zip", lambda _: None)
    here = Settings(home=tmp_path, embed="fake:", chat="fake:")
    came = registry.import_library(here, tmp_path / "copy.zip", "here", lambda _: None)
    status = reader.status()
    assert (came.held.documents, came.held.chunks, came.held.roots) == (status.documents, status.chunks, status.roots)
    assert b"LAW-1" not in (tmp_path / "libraries" / "here" / "library.sqlite").read_bytes()


def test_a_check_mentions_no_file_that_the_reader_may_not_see(office: Office, tmp_path: Path) -> None:
    """The hidden file is repaired all the same, since the check must not take what it does not mention for garbage."""
    tables = office.tables["team"]
    top = next(path for path in office.files if path.parent.name == "top")
    whole = office.writer._writable()
    lost = whole.chunks_of_file(str(top))[0].chunk_id
    row = tables.tables[PASSAGES].pop(lost)
    before = len(tables.tables[PASSAGES]), len(tables.tables[VECTORS])
    try:
        assert office.elsewhere[frozenset({"clerks"})].check() == ()
        assert [finding.severity for finding in office.elsewhere[frozenset({"board"})].check()] == ["error"]
        assert (len(tables.tables[PASSAGES]), len(tables.tables[VECTORS])) == before
    finally:
        tables.tables[PASSAGES][lost] = row


def test_what_is_hidden_is_neither_removed_nor_changed(office: Office) -> None:
    reader = office.elsewhere[frozenset({"clerks"})]
    top = next(path for path in office.files if path.parent.name == "top")
    for path in (top, top.parent, top.with_name("none.txt"), Path("top/0.txt"), Path("top")):
        with pytest.raises(UsageError, match="is not in the library"):
            reader.remove(path)
        with pytest.raises(UsageError, match="is no added folder"):
            reader.set_groups(path, [])
    assert office.writer._writable().entry(str(top))


def test_a_citation_of_a_hidden_file_is_hidden(office: Office) -> None:
    places = {path.parent.name: path for path in office.files}
    cited = Citation(1, str(places["top"]), "Title", Location(1, 1, 0, 9), "Secret TOP")
    assert office.seen[frozenset({"clerks"})][0].hides(cited)
    assert not office.seen[frozenset({"board"})][0].hides(cited)


def test_a_machine_keeps_its_folders_up_to_date_whatever_its_groups(office: Office) -> None:
    assert office.writer.settings.groups == ""
    report = office.writer.sync()
    assert (report.indexed, report.removed, report.unchanged) == (0, 0, len(office.files))
    assert {entry.state for entry in office.writer._writable().ledger().values()} == {FileState.INDEXED}


def test_a_folder_that_is_added_again_keeps_its_groups(office: Office) -> None:
    top = next(path.parent for path in office.files if path.parent.name == "top")
    office.writer.add([top])
    assert office.writer._writable().root_groups()[str(top)] == ("board",)

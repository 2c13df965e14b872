"""Rights in a shared library: what a reader is told equals what a library holding only the readable files tells.

Every result is compared whole, with its scores: they would differ if hidden files were counted in the frequencies of words.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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
QUESTIONS = 5_000
UNCOMPARED = {"chunk_id", "timings", "bytes", "milliseconds", "name", "embedder_name"}  # bytes of this machine's folder


@dataclass
class Office:
    """A folder for each root, and by reader the shared library and the one with only what this reader may see."""

    files: list[Path]
    seen: dict[frozenset[str], tuple[Assistant, Assistant]]
    writer: Assistant
    tables: dict[str, MemoryTables]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home, chance = tmp_path_factory.mktemp("office"), random.Random(7)
    files = [write_file(home / root, number, chance) for root in ROOTS for number in range(4)]
    for root in ("open", "law", "top"):  # near-duplicates in readable and in hidden folders
        (home / root / "copy.txt").write_text("The council met in winter and agreed on the deposit for the garden pump.\n" * 3, "utf-8")
        files.append(home / root / "copy.txt")
    tables: dict[str, MemoryTables] = {}
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(connection, "connect", lambda address, **_: tables.setdefault(address.database, MemoryTables()))

        def opened(name: str, database: str, reader: frozenset[str]) -> Assistant:
            settings = Settings(home=home / f"home of {name}", library="team", embed="fake:", chat="fake:", groups=",".join(reader))
            if not (settings.libraries_folder / "team").exists():
                registry.create(settings, "team", {}, f"{PLACE}{database}")
            return stack.enter_context(Assistant(settings))

        writer = opened("writer", "team", frozenset())
        fill(writer, home, dict(ROOTS))
        seen = {}
        for number, reader in enumerate(READERS):
            alone = opened(f"reference {number}", f"only_{number}", frozenset())
            fill(alone, home, {root: "" for root, groups in ROOTS.items() if not groups or reader & set(groups.split(","))})
            for root in ROOTS:
                if f"{home / root}" not in map(str, alone.roots()) and any(parent in map(str, alone.roots()) for parent in
                                                                         map(str, (home / root).parents)):
                    alone.remove(home / root)
            seen[reader] = opened(f"reader {number}", "team", reader), alone
        yield Office(files, seen, writer, tables)


def write_file(folder: Path, number: int, chance: random.Random) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    secret = f"Secret {folder.name.upper()}-{number}4711 is known."
    text = "\n\n".join(" ".join(chance.choices(WORDS, k=30)) + f". {secret}" for _ in range(chance.randint(1, 3)))
    (folder / f"{number}.txt").write_text(text, "utf-8")
    return folder / f"{number}.txt"


def fill(assistant: Assistant, home: Path, roots: dict[str, str]) -> None:
    for root, groups in roots.items():
        assistant.add([home / root], groups=[name for name in groups.split(",") if name])


def plain(value: Any) -> Any:
    """Return a result as plain data without what must differ between two libraries: ids of chunks, times, sizes of folders."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if key not in UNCOMPARED}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return round(value, 5) if isinstance(value, float) else value


def told(ask: Callable[[Assistant], Any], assistant: Assistant) -> Any:
    """Return what a reader is told: a result, or the words of an error."""
    try:
        return plain(ask(assistant))
    except AssistantError as error:
        return type(error).__name__, str(error), error.hint, error.exit_code


def random_reading(office: Office, chance: random.Random) -> Callable[[Assistant], Any]:
    """Return a random question of a reader, often about a file by name."""
    question = " ".join(chance.sample([*WORDS, f"{chance.choice(office.files).parent.name.upper()}-{chance.randrange(4)}4711"], 3))
    file, limit = chance.choice(office.files), chance.choice([1, 3, 10])
    within = chance.choice([EVERY_FILE, EVERY_FILE, EVERY_FILE, Filter((str(file),)), Filter((str(file.parent),)), Filter(types=("txt",))])
    return chance.choices([
        lambda assistant: assistant.search(question, limit, within),
        lambda assistant: assistant.explain(question, within),
        lambda assistant: replace(assistant.status(within), path=""),
        lambda assistant: assistant.files(within, "", limit),
        lambda assistant: assistant.passage(str(file), chance.randrange(40), 1),
        lambda assistant: assistant.text(str(file)),
        lambda assistant: (assistant.ledger(), assistant.root_groups().keys()),
        lambda assistant: [path for _, path in assistant.passage_places()],
        lambda assistant: assistant.ask(question, (), within).answer,
    ], [70, 5, 5, 5, 5, 3, 3, 2, 2])[0]


def test_a_reader_is_told_what_a_library_of_the_readable_files_tells(office: Office) -> None:
    chance = random.Random(11)
    for _ in range(QUESTIONS):
        reader = chance.choice(READERS)
        restricted, alone = office.seen[reader]
        ask, state = random_reading(office, chance), chance.getstate()
        found = told(ask, restricted)
        chance.setstate(state)
        assert found == told(ask, alone), reader

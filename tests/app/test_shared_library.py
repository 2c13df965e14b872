"""A shared library that two machines follow their folders into, compared with libraries built anew."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from assistant import Assistant, Settings
from assistant.app.library import registry
from assistant.datatypes import EVERY_FILE
from assistant.index import LibraryStore
from assistant.index.milvus import connection
from assistant.index.store import vector_key
from tests.index.milvus.memory_tables import MemoryTables

PLACE = "milvus://db.example:19530/team"
WORDS = "garden lease rent notice pump valve winter summer council article clause deposit".split()
OPERATIONS = 60
ROUND = 6  # operations between two scans


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> MemoryTables:
    server = MemoryTables()
    monkeypatch.setattr(connection, "connect", lambda _address, **_: server)
    return server


@pytest.fixture
def machines(tables: MemoryTables, tmp_path: Path) -> Iterator[list[tuple[Assistant, Path]]]:
    """Two machines that share a library, each with a folder of its own."""
    with ExitStack() as stack:
        found = []
        for name in ("one", "two"):
            settings = Settings(home=tmp_path / f"home of {name}", library="team", embed="fake:", chat="fake:")
            registry.create(settings, "team", {}, PLACE)
            folder = tmp_path / name
            folder.mkdir()
            assistant = stack.enter_context(Assistant(settings))
            assistant.include([folder])
            found.append((assistant, folder))
        yield found


def change(folder: Path, chance: random.Random) -> None:
    """Write, rewrite, move or delete a random file."""
    files = sorted(folder.rglob("*.txt"))
    kind = chance.choice(["write", "write", "write", "rewrite", "move", "delete"])
    if kind == "write" or not files:
        place = folder / chance.choice(["", "a", "b"])
        place.mkdir(exist_ok=True)
        (place / f"{chance.randrange(30)}.txt").write_text(text_of(chance), "utf-8")
    elif kind == "rewrite":
        chance.choice(files).write_text(text_of(chance), "utf-8")
    elif kind == "move":
        target = folder / chance.choice(["", "a", "c"])
        target.mkdir(exist_ok=True)
        file = chance.choice(files)
        file.replace(target / file.name)
    else:
        chance.choice(files).unlink()


def text_of(chance: random.Random) -> str:
    return "\n\n".join(" ".join(chance.choices(WORDS, k=40)) + "." for _ in range(chance.randint(1, 12)))


def contents(store: LibraryStore) -> dict[str, tuple[str, list[object], list[list[float]]]]:
    """Return the content hash, the chunks and the vectors of every file."""
    view = store.view(256, None)
    found = {}
    for path, entry in store.ledger().items():
        stored = store.chunks_of_file(path)
        found[path] = (entry.content_hash, [each.chunk for each in stored],
                       view.vectors([each.chunk_id for each in stored])[1].tolist())
    return found


def test_what_two_machines_follow_equals_libraries_built_anew(machines: list[tuple[Assistant, Path]], tmp_path: Path) -> None:
    chance = random.Random(5)
    for step in range(OPERATIONS):
        assistant, folder = chance.choice(machines)
        change(folder, chance)
        if step % ROUND == 0:
            assistant.refresh()
            assistant.embed_waiting(chance.randint(0, 40))
    expected = {}
    for number, (assistant, folder) in enumerate(machines):
        assistant.sync()
        with Assistant(Settings(home=tmp_path / f"fresh {number}", embed="fake:", chat="fake:")) as fresh:
            fresh.add([folder])
            expected |= contents(fresh._store())
    for assistant, _ in machines:
        assert contents(assistant._store()) == expected
        assert assistant.check() == ()
    keys = {vector_key(chunk.searchable) for _, chunks, _ in expected.values() for chunk in chunks}
    assert machines[0][0]._store().known_vectors(keys) == keys


def test_one_machine_sees_at_once_what_the_other_has_finished(machines: list[tuple[Assistant, Path]]) -> None:
    (one, folder), (two, _) = machines
    (folder / "lease.txt").write_text("The lease ends in winter.\n", "utf-8")
    one.sync()
    assert [hit.path for hit in two.search("When does the lease end?").hits] == [str(folder / "lease.txt")]
    (folder / "lease.txt").write_text("The contract ends in summer.\n", "utf-8")
    one.sync()
    assert [hit.chunk.text for hit in two.search("When does the contract end?").hits] == ["The contract ends in summer."]
    (folder / "garden.txt").write_text("The garden is closed.\n", "utf-8")
    one.sync()
    one.remove(folder / "lease.txt")
    assert [hit.path for hit in two.search("When does the contract end?").hits] == [str(folder / "garden.txt")]
    assert two.roots() != one.roots()
    assert len(two.status(EVERY_FILE).roots) == 2

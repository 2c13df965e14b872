"""A shared library that two machines follow their folders into, compared with libraries built anew."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from assistant import Assistant, Settings
from assistant.app.library import registry
from assistant.app.library.transfer import transfer
from assistant.datatypes import EVERY_FILE, ignore_progress
from assistant.errors import LibraryBusy
from assistant.index import LibraryStore, SqliteLibrary
from assistant.index.milvus import connection
from assistant.index.milvus.library import MilvusLibrary
from assistant.index.places import SharedPlace
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


def shown_on(own: Path, path: str) -> str:
    """Return a path as the machine with the folder `own` shows it: the folders of the other machine have names only."""
    return path if Path(path).is_relative_to(own) else str(Path(path).relative_to(own.parent))


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
    for assistant, folder in machines:
        assert contents(assistant._store()) == {shown_on(folder, path): held for path, held in expected.items()}
        assert assistant.check() == ()
    keys = {vector_key(chunk.searchable) for _, chunks, _ in expected.values() for chunk in chunks}
    assert machines[0][0]._store().known_vectors(keys) == keys


def test_one_machine_sees_at_once_what_the_other_has_finished(machines: list[tuple[Assistant, Path]]) -> None:
    (one, folder), (two, _) = machines
    (folder / "lease.txt").write_text("The lease ends in winter.\n", "utf-8")
    one.sync()
    assert [hit.path for hit in two.search("When does the lease end?").hits] == ["one/lease.txt"]
    (folder / "lease.txt").write_text("The contract ends in summer.\n", "utf-8")
    one.sync()
    assert [hit.chunk.text for hit in two.search("When does the contract end?").hits] == ["The contract ends in summer."]
    (folder / "garden.txt").write_text("The garden is closed.\n", "utf-8")
    one.sync()
    one.remove(folder / "lease.txt")
    assert [hit.path for hit in two.search("When does the contract end?").hits] == ["one/garden.txt"]
    assert two.roots() != one.roots()
    assert len(two.status(EVERY_FILE).roots) == 2


def test_a_root_that_another_machine_keeps_up_to_date_is_left_to_it(
    machines: list[tuple[Assistant, Path]], tmp_path: Path
) -> None:
    (one, folder), (two, own) = machines
    (folder / "lease.txt").write_text("The lease ends in winter.\n", "utf-8")
    (own / "garden.txt").write_text("The garden is closed.\n", "utf-8")
    one.sync()
    mounted = tmp_path / "mounted"
    mounted.symlink_to(folder)
    one.hold(one.roots())
    report = two.add([mounted], name="one")
    assert (report.indexed, list(two.kept_elsewhere)) == (0, [str(mounted)])
    assert [hit.path for hit in two.search("When does the lease end?").hits] == [str(mounted / "lease.txt")]
    assert (two.sync().indexed, list(two.kept_elsewhere)) == (1, [str(mounted)])
    with pytest.raises(LibraryBusy, match="'one' is kept up to date by"):
        two.remove(mounted)
    two._writable().set_meta("embedder", "of another model")
    with pytest.raises(LibraryBusy, match="'one' is kept up to date by"):
        two.sync(rebuild=True)
    assert one._store().meta("embedder") == "of another model"
    one.release()
    (folder / "lease.txt").write_text("The lease ends in summer.\n", "utf-8")
    assert two.sync(rebuild=True).indexed == 2
    (folder / "lease.txt").write_text("The lease ends in autumn.\n", "utf-8")
    assert (two.sync().indexed, two.kept_elsewhere) == (1, {})
    assert two.remove(mounted) == 1
    assert (one.roots(), one.check()) == ((), ())


def test_a_copy_keeps_the_names_of_roots_that_are_elsewhere(machines: list[tuple[Assistant, Path]], tmp_path: Path) -> None:
    (one, folder), (two, own) = machines
    (folder / "lease.txt").write_text("The lease ends in winter.\n", "utf-8")
    (own / "garden.txt").write_text("The garden is closed.\n", "utf-8")
    one.sync()
    two.sync()
    copy = SqliteLibrary(tmp_path / "copy.sqlite")
    back = MilvusLibrary(MemoryTables(), SharedPlace("milvus://x", "three"), tmp_path)
    transfer(one._store(), copy, ignore_progress)
    assert (list(copy.ledger()), copy.roots()) == ([str(folder / "lease.txt"), "two/garden.txt"], (str(folder),))
    transfer(copy, back, ignore_progress)
    assert (sorted(back.ledger()), back.roots(), back.own_roots()) == (
        [str(folder / "lease.txt"), "two/garden.txt"], (str(folder), "two"), (str(folder),))
    assert contents(back) == contents(copy) == contents(one._store())
    copy.close()

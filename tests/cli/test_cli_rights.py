"""Groups of a shared library, and a library that is only read, as the commands show them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.index.milvus import connection
from tests.index.milvus.memory_tables import MemoryTables

PLACE = "milvus://db.example:19530/team"
SECRET = "The merger with Brackwater closes on 3 May 2031.\n"


@pytest.fixture
def tables(monkeypatch) -> MemoryTables:
    server = MemoryTables()
    monkeypatch.setattr(connection, "connect", lambda _address, **_: server)
    return server


@pytest.fixture
def secret(tmp_path) -> Path:
    folder = tmp_path / "board"
    folder.mkdir()
    (folder / "merger.txt").write_text(SECRET, "utf-8")
    return folder


@pytest.fixture
def team(run, tables, folder, secret) -> MemoryTables:
    assert run("library", "create", "team", "--at", PLACE).exit_code == 0
    assert run("add", "-L", "team", folder).exit_code == 0
    added = run("add", "-L", "team", "--groups", "board,partners", secret)
    assert added.exit_code == 0, added.stderr
    assert "You are in none of these groups" in added.stderr.replace("\n", " ")
    return tables


READING = (
    ("search", "-L", "team", "When does the merger with Brackwater close?", "--json"),
    ("search", "-L", "team", "merger Brackwater", "--explain"),
    ("search", "-L", "team", "merger Brackwater", "--path", "merger"),
    ("ask", "-L", "team", "When does the merger with Brackwater close?"),
    ("status", "-L", "team", "--files", "--json"),
    ("status", "-L", "team"),
    ("library", "list"),
    ("library", "groups", "team"),
    ("doctor", "-L", "team"),
    ("doctor", "-L", "team", "--check"),
)


@pytest.mark.parametrize("command", READING, ids=lambda command: " ".join(command[:1] + command[3:]))
def test_a_reader_without_the_group_finds_no_trace(run, team, command):
    for options in ((), ("--as", "lawyers")):
        told = run(*command, *options)
        assert told.exit_code in {0, 1, 3, 4}, told.stderr  # doctor finds the fake models, ask finds no answer
        for trace in ("merger.txt", "3 May 2031", "Brackwater closes", "/board", "3 files", "3 passages"):
            assert trace not in told.stdout + told.stderr


def test_a_group_is_named_by_the_command_the_environment_or_the_settings(run, team, own_home, monkeypatch):
    question = ("search", "-L", "team", "When does the merger close?")
    assert "3 May 2031" in run(*question, "--as", "lawyers,board").stdout
    monkeypatch.setenv("ASSISTANT_GROUPS", "partners")
    assert "3 May 2031" in run(*question).stdout
    assert "3 May 2031" not in run(*question, "--as", "lawyers").stdout
    monkeypatch.delenv("ASSISTANT_GROUPS")
    assert "3 May 2031" not in run(*question).stdout
    (own_home / "config.toml").write_text('groups = ["clerks", "board"]\n', "utf-8")
    assert "3 May 2031" in run(*question).stdout
    for wrong in ('groups = ["a b"]', "groups = [1]", "groups = 3"):
        (own_home / "config.toml").write_text(f"{wrong}\n", "utf-8")
        refused = run(*question)
        assert (refused.exit_code, "groups" in refused.stderr) == (2, True)


def test_groups_are_shown_and_changed(run, team, folder, secret):
    shown = json.loads(run("library", "groups", "team", "--as", "board", "--json").stdout)["groups"]
    assert shown == {str(folder): [], str(secret): ["board", "partners"]}
    assert str(secret) not in run("library", "groups", "team").stdout
    assert run("library", "groups", "team", secret, "--set", "").exit_code == 0
    assert "3 May 2031" in run("search", "-L", "team", "When does the merger close?").stdout
    changed = run("library", "groups", "team", folder, "--set", "clerks", "--as", "clerks")
    assert f"{folder}: clerks" in changed.stdout.replace("\n", "")
    assert "lease.md" not in run("search", "-L", "team", "When does the lease end?").stdout
    assert "lease.md" in run("search", "-L", "team", "When does the lease end?", "--as", "clerks").stdout


def test_what_is_no_group_and_no_folder_is_an_error(run, team, library, folder, tmp_path):
    for arguments in (("library", "groups", "team", folder, "--set", "a b"), ("library", "groups", "team", folder),
                      ("library", "groups", "team", tmp_path, "--set", "a"), ("search", "-L", "team", "x", "--as", "a b"),
                      ("add", "--groups", "lawyers", folder), ("library", "groups", "default", folder, "--set", "a")):
        assert run(*arguments).exit_code == 2, arguments


@pytest.mark.parametrize("option", ["--groups", "--root"])
def test_a_refused_folder_leaves_no_library_behind(run, folder, own_home, option):
    refused = run("add", "-L", "new", option, "lawyers", folder)
    assert refused.exit_code == 2
    assert "Only the folders of a shared library" in refused.stderr
    assert not (own_home / "libraries" / "new").exists()


def test_a_saved_conversation_does_not_quote_what_may_no_longer_be_read(run, team, monkeypatch):
    monkeypatch.setenv("ASSISTANT_GROUPS", "board")
    said = run("chat", "-L", "team", "--keep", stdin="When does the merger with Brackwater close?\n")
    assert "3 May 2031" in said.stdout
    assert "3 May 2031" in run("sessions", "show", "last").stdout
    assert "3 May 2031" not in run("sessions", "show", "last", "--as", "clerks").stdout
    monkeypatch.delenv("ASSISTANT_GROUPS")
    for command in (("sessions", "show", "last"), ("sessions", "show", "last", "--json"), ("sessions", "export", "last"),
                    ("chat", "--resume", "--no-keep", "-L", "team"), ("chat", "--resume", "--no-keep")):
        told = run(*command, stdin="What did I ask?\n")
        assert told.exit_code == 0, told.stderr
        assert "3 May 2031" not in told.stdout
    monkeypatch.setenv("ASSISTANT_GROUPS", "board")
    assert "3 May 2031" in run("sessions", "show", "last").stdout  # it was hidden, not deleted
    monkeypatch.delenv("ASSISTANT_GROUPS")
    assert run("doctor", "-L", "team", "--check").exit_code == 0
    monkeypatch.setenv("ASSISTANT_GROUPS", "board")
    assert "3 May 2031" in run("sessions", "show", "last").stdout


def test_the_metrics_of_a_shared_library_count_what_the_reader_may_see(run, team, folder, monkeypatch):
    monkeypatch.setattr("platform.node", lambda: "desk-3")
    (folder / "coffee.txt").write_text("The tea pot is green.\n", "utf-8")
    assert run("sync", "-L", "team").exit_code == 0
    for groups, files in (("clerks", 2), ("board", 3)):
        status = json.loads(run("status", "-L", "team", "--json", "--as", groups).stdout)
        measured = status["shared"]
        assert (measured["files"], measured["passages"], measured["vectors"]) == (files, status["chunks"], status["chunks"])
        assert (measured["is_read_only"], measured["unswept_generations"]) == (False, 1)  # the old version of coffee.txt
        assert [each["machine"] for each in measured["machines"]] == ["desk-3"]
        assert measured["machines"][0]["synced"] > 1.7e9
        assert 0 <= measured["round_trip_ms"] < 10_000
    assert "last synced by desk-3" in run("status", "-L", "team").stdout
    assert run("library", "delete", "team", "--yes").exit_code == 0


def test_a_machine_that_keeps_only_hidden_folders_is_not_named(run, tables, secret, folder, tmp_path, monkeypatch):
    assert run("library", "create", "team", "--at", PLACE).exit_code == 0
    monkeypatch.setattr("platform.node", lambda: "board-room")
    assert run("add", "-L", "team", "--groups", "board", secret).exit_code == 0
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "another home"))
    monkeypatch.setattr("platform.node", lambda: "desk-3")
    assert run("library", "create", "team", "--at", PLACE).exit_code == 0
    assert run("add", "-L", "team", folder).exit_code == 0

    def machines(*options: str) -> list[str]:
        told = json.loads(run("status", "-L", "team", "--json", *options).stdout)
        return [each["machine"] for each in told["shared"]["machines"]]

    assert (machines(), machines("--as", "board")) == (["desk-3"], ["board-room", "desk-3"])


def test_a_library_of_this_machine_has_no_metrics(run, library):
    assert "shared" not in json.loads(run("status", "--json").stdout)


@pytest.fixture
def readers(run, team, tmp_path, monkeypatch) -> Path:
    """A machine that only reads the library; return a folder on it."""
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "another home"))
    created = run("library", "create", "team", "--at", PLACE, "--read-only")
    assert created.exit_code == 0, created.stderr
    own = tmp_path / "own"
    own.mkdir()
    (own / "note.txt").write_text("A note.\n", "utf-8")
    return own


def test_a_library_that_is_only_read_is_read(run, readers, team, tmp_path):
    team.before = refuse
    assert "lease.md" in run("search", "-L", "team", "When does the lease end?").stdout
    assert run("ask", "-L", "team", "When does the lease end?").exit_code == 0
    for command in (("status", "-L", "team"), ("library", "list"), ("library", "groups", "team"), ("doctor", "-L", "team"),
                    ("library", "export", "team", tmp_path / "team.zip"), ("library", "rename", "team", "ours"),
                    ("library", "set", "ours", "context_chunks=3"), ("library", "delete", "ours", "--yes")):
        told = run(*command)
        assert told.exit_code == 0, (command, told.stderr)
        assert "read-only" not in told.stderr


def refuse(request):
    raise AssertionError(f"a library that is only read got the request {request}")


@pytest.mark.parametrize("command", [
    ("add",), ("sync",), ("sync", "--rebuild"), ("remove",), ("watch",), ("doctor", "--check"), ("doctor", "--repair"),
    ("calibrate", "--reset"), ("calibrate",), ("library", "groups"),
], ids=" ".join)
def test_a_library_that_is_only_read_is_not_written(run, readers, team, command):
    team.before = refuse
    before = repr(team.tables)
    paths = {"add": [readers], "remove": [readers], "watch": [readers]}.get(command[0], [])
    if command[0] == "library":
        told = run("library", "groups", "team", readers, "--set", "a")
    else:
        told = run(*command, "-L", "team", *paths)
    said = told.stdout + told.stderr
    assert (told.exit_code, "linked read-only" in said.replace("\n", " ")) == (1 if command[0] == "doctor" else 2, True), said
    assert "Traceback" not in said
    assert repr(team.tables) == before


def test_only_a_shared_library_that_exists_can_be_read_only(run, tables):
    assert run("library", "create", "own", "--read-only").exit_code == 2
    none = run("library", "create", "team", "--at", PLACE, "--read-only")
    assert (none.exit_code, "no library at" in none.stderr) == (4, True)
    assert tables.tables == {}


@pytest.mark.shared
def test_a_place_without_a_library_is_left_alone(run, tmp_path):
    for package in ("pymilvus", "milvus_lite"):
        pytest.importorskip(package, reason="needs pymilvus and milvus-lite: pip install 'private-assistant[shared]'")
    place = tmp_path / "none.db"
    none = run("library", "create", "team", "--at", place, "--read-only")
    assert (none.exit_code, "no library at" in none.stderr, place.exists()) == (4, True, False)


@pytest.fixture
def mounted(run, team, folder, secret, tmp_path, monkeypatch) -> Path:
    """A second machine, which has the folder of the board under another path; return that."""
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "another home"))
    assert run("library", "create", "team", "--at", PLACE).exit_code == 0
    place = tmp_path / "share"
    place.symlink_to(secret)
    added = run("add", "-L", "team", "--root", "board", place)
    assert added.exit_code == 0, added.stderr
    return place


@pytest.mark.parametrize("home", ["home", "another home"])
def test_a_share_has_the_same_groups_on_both_machines(run, mounted, secret, own_home, tmp_path, monkeypatch, home):
    place = secret if home == "home" else mounted
    monkeypatch.setenv("ASSISTANT_HOME", str(own_home if home == "home" else tmp_path / home))
    for command in READING:
        told = run(*command)
        for trace in ("merger.txt", "3 May 2031", "Brackwater closes", str(place), "board", "3 files", "3 passages"):
            assert trace not in (told.stdout + told.stderr).replace(str(tmp_path), "").replace("\n", "")
    cited = json.loads(run("search", "-L", "team", "When does the merger close?", "--as", "board", "--json").stdout)["hits"][0]
    assert cited["path"] == str(place / "merger.txt")
    shown = json.loads(run("library", "groups", "team", "--as", "board", "--json").stdout)["groups"]
    assert shown[str(place)] == ["board", "partners"]
    assert run("library", "groups", "team", place, "--set", "clerks").exit_code == 0
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "another home" if home == "home" else own_home))
    assert run("sync", "-L", "team").exit_code == 0
    for groups, is_found in (("board", False), ("clerks", True)):
        assert ("3 May 2031" in run("search", "-L", "team", "When does the merger close?", "--as", groups).stdout) == is_found


def test_a_machine_without_the_folder_knows_it_by_its_name(run, team, secret, tmp_path, monkeypatch):
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "a third home"))
    monkeypatch.chdir(tmp_path)  # where the folder `board` is the one of the other machine: it is not taken for it
    assert run("library", "create", "team", "--at", PLACE).exit_code == 0
    for command in (("remove", "-L", "team", "board/merger.txt"), ("remove", "-L", "team", "board")):
        refused = run(*command)
        assert refused.exit_code == 2
        assert f"{tmp_path}/{command[-1]} is not in the library" in refused.stderr.replace("\n", "")
    assert run("library", "groups", "team", "board", "--set", "").exit_code == 2
    assert run("library", "groups", "team", "board", "--set", "clerks", "--as", "partners").exit_code == 0
    assert "board/merger.txt" in run("search", "-L", "team", "When does the merger close?", "--as", "clerks").stdout
    monkeypatch.setenv("ASSISTANT_GROUPS", "clerks")
    assert run("remove", "-L", "team", "board/merger.txt").exit_code == 0
    assert "merger.txt" not in run("search", "-L", "team", "When does the merger close?").stdout


def test_a_name_and_groups_are_given_together(run, tables, secret):
    assert run("library", "create", "team", "--at", PLACE).exit_code == 0
    added = run("add", "-L", "team", "--root", "minutes", "--groups", "board", secret)
    assert (added.exit_code, "is 'minutes' in this library" in added.stderr) == (0, True)
    assert "3 May 2031" not in run("search", "-L", "team", "When does the merger close?").stdout
    assert "3 May 2031" in run("search", "-L", "team", "When does the merger close?", "--as", "board").stdout
    assert run("add", "-L", "team", secret).exit_code == 0
    assert json.loads(run("library", "groups", "team", "--as", "board", "--json").stdout)["groups"] == {str(secret): ["board"]}

"""A shared library: linked, filled, asked, followed, checked, exported and imported. The tables of Milvus are in memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.errors import LibraryBusy, ServerUnavailable
from assistant.index.milvus import connection
from assistant.models.fake import FakeEmbedder
from tests.index.milvus.memory_tables import MemoryTables

PLACE = "milvus://db.example:19530/team"


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> dict[str, MemoryTables]:
    """Let every address be a server in memory, and return them by address."""
    tables: dict[str, MemoryTables] = {}
    monkeypatch.setattr(connection, "connect", lambda address, **_: tables.setdefault(address.text, MemoryTables()))
    return tables


@pytest.fixture
def team(run, servers, folder) -> MemoryTables:
    """Create the shared library `team` and add the files to it."""
    assert run("library", "create", "team", "--at", PLACE).exit_code == 0
    assert run("add", "-L", "team", folder).exit_code == 0
    return servers[PLACE]


def found_by(run, name, question="When does the lease end?"):
    found = run("search", "-L", name, "--json", question)
    assert found.exit_code == 0, found.stderr
    return [(Path(hit["path"]).name, hit["text"]) for hit in json.loads(found.stdout)["hits"]]


def test_it_is_listed_with_where_it_lives(run, team, library):
    listed = json.loads(run("library", "list", "--json").stdout)["libraries"]
    assert [(each["name"], each["path"], each["documents"]) for each in listed] == [
        ("default", str(library), 2), ("team", PLACE, 2)]
    assert PLACE in run("library", "list").stdout


def test_every_command_finds_what_the_default_store_finds(run, team, library):
    assert found_by(run, "team") == found_by(run, "default")
    answers = [run("ask", "-L", name, "When does the lease end?") for name in ("team", "default")]
    assert [answer.exit_code for answer in answers] == [0, 0]
    assert answers[0].stdout == answers[1].stdout
    status = [json.loads(run("status", "-L", name, "--json").stdout) for name in ("team", "default")]
    assert [[each[key] for key in ("documents", "chunks", "waiting", "roots")] for each in status[:1]] == [
        [status[1][key] for key in ("documents", "chunks", "waiting", "roots")]]
    together = run("search", "-L", "team,default", "lease")
    assert together.exit_code == 0


def test_another_machine_uses_the_same_library_and_leaves_the_files_of_the_first_alone(run, team, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "another home"))
    assert run("library", "create", "ours", "--at", PLACE).exit_code == 0
    assert ("lease.md", "coffee.txt")[0] in {name for name, _ in found_by(run, "ours")}
    other = tmp_path / "other files"
    other.mkdir()
    (other / "garden.txt").write_text("The garden is closed in winter.\n", "utf-8")
    assert run("add", "-L", "ours", other).exit_code == 0
    (folder / "lease.md").unlink()  # as on a machine on which the folder is another one
    assert run("sync", "-L", "ours").exit_code == 0
    names = {Path(each["path"]).name for each in json.loads(run("status", "-L", "ours", "--files", "--json").stdout)["files"]}
    assert names == {"lease.md", "coffee.txt", "garden.txt"}
    assert "garden.txt" in {name for name, _ in found_by(run, "ours", "When is the garden closed?")}


def test_changes_are_followed_and_removed_files_are_gone(run, team, folder):
    (folder / "coffee.txt").write_text("The tea pot is green.\n", "utf-8")
    (folder / "lease.md").rename(folder / "contract.md")
    assert run("sync", "-L", "team").exit_code == 0
    assert {name for name, _ in found_by(run, "team", "tea pot")} <= {"coffee.txt", "contract.md"}
    assert run("remove", "-L", "team", folder / "contract.md").exit_code == 0
    assert {name for name, _ in found_by(run, "team", "lease notice tea")} == {"coffee.txt"}
    assert "46500" not in repr(team.tables)
    assert run("doctor", "-L", "team", "--check").exit_code == 0


def test_what_cannot_work_says_so(run, team):
    for arguments in (("tables", "list"), ("tables", "query", "SELECT 1")):
        refused = run(*arguments, "-L", "team")
        assert (refused.exit_code, "shared library" in refused.stderr) == (2, True)
    for arguments in (("serve", "-L", "team"), ("mcp", "-L", "team"), ("mcp", "--http", "-L", "default,team"),
                      ("-L", "team", "serve")):
        refused = run(*arguments)
        assert (refused.exit_code, "'team' is a shared library, which serve, mcp" in refused.stderr) == (2, True)
    assert run("library", "create", "x", "--at", "ftp://db/team").exit_code == 2
    assert run("library", "create", "x", "--at", "team.sqlite").exit_code == 2
    assert run("library", "create", "x", "--at", "milvus://me:secret@db/team").exit_code == 2


@pytest.mark.parametrize("libraries", ["team", "team,default"])
def test_a_count_says_that_a_shared_library_keeps_no_tables(run, team, library, folder, libraries):
    (folder / "staff.csv").write_text("name,city\nAnn,Bern\nBob,Basel\nCid,Bern\n", "utf-8")
    assert run("sync", "-L", "team").exit_code == 0
    for question, said in (("How many staff are in Bern?", "a shared library keeps no tables"), ("Bern 有几名员工？", "共享库")):
        refused = run("ask", "-L", libraries, question)
        assert (refused.exit_code, said in refused.stdout) == (3, True), refused.stdout


def test_a_place_that_cannot_be_opened_leaves_no_library(run, monkeypatch, own_home):
    def refuse(_address, **_):
        raise ServerUnavailable("The server of the shared library, db:19530, cannot be reached.", "Check that it runs.")

    monkeypatch.setattr(connection, "connect", refuse)
    refused = run("library", "create", "team", "--at", PLACE)
    assert (refused.exit_code, "cannot be reached" in refused.stderr) == (6, True)
    assert not (own_home / "libraries" / "team").exists()


def test_a_server_that_fails_while_files_are_written_is_an_error_and_the_next_run_goes_on(run, team, folder):
    (folder / "late.txt").write_text("The late train leaves at noon.\n", "utf-8")
    team.before = fail
    stopped = run("sync", "-L", "team")
    assert (stopped.exit_code, "The file is in use" in stopped.stderr) == (1, True)
    team.before = lambda _: None
    assert "late.txt" not in {name for name, _ in found_by(run, "team", "late train")}
    assert run("sync", "-L", "team").exit_code == 0
    assert found_by(run, "team", "late train")[0][0] == "late.txt"


def fail(_name):
    raise LibraryBusy("The file is in use.", "Wait.")


def test_it_goes_out_and_in_without_embedding_anything(run, team, servers, tmp_path, own_home, monkeypatch):
    before = found_by(run, "team")
    assert run("library", "export", "team", tmp_path / "team.zip").exit_code == 0
    monkeypatch.setattr(FakeEmbedder, "embed_passages", None)
    assert run("library", "import", tmp_path / "team.zip", "--as", "here").exit_code == 0
    assert run("library", "export", "here", tmp_path / "here.zip").exit_code == 0
    assert run("library", "import", tmp_path / "here.zip", "--as", "again", "--at", "milvus://other/again").exit_code == 0
    assert found_by(run, "here") == before == found_by(run, "again")
    assert [json.loads(run("status", "-L", name, "--json").stdout)["waiting"] for name in ("here", "again")] == [0, 0]
    taken = run("library", "import", tmp_path / "here.zip", "--as", "twice", "--at", PLACE)
    assert (taken.exit_code, "already a library" in taken.stderr) == (2, True)
    assert len(servers[PLACE].tables["assistant_passages"]) == 2
    assert sorted(folder.name for folder in (own_home / "libraries").iterdir()) == ["again", "here", "team"]


def test_deleting_it_here_leaves_it_where_it_lives(run, team):
    assert run("library", "delete", "team", "--yes").exit_code == 0
    assert team.tables["assistant_passages"]
    assert run("library", "create", "team", "--at", PLACE).exit_code == 0
    assert found_by(run, "team")


def test_it_is_evaluated(run, team, folder, tmp_path):
    questions = tmp_path / "questions.jsonl"
    questions.write_text(json.dumps({"id": "1", "question": "When does the lease end?", "answers": ["31 December 2027"],
                                     "gold_docs": [str(folder / "lease.md")], "answerable": True}) + "\n", "utf-8")
    measured = run("eval", questions, "-L", "team", "--json")
    assert measured.exit_code == 0, measured.stderr
    assert '"recall' in measured.stdout


def test_a_share_has_one_name_and_each_machine_cites_its_own_mount_point(run, team, folder, tmp_path, monkeypatch):
    mounted = tmp_path / "mounted"
    mounted.symlink_to(folder)
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "another home"))
    assert run("library", "create", "ours", "--at", PLACE).exit_code == 0
    cited = json.loads(run("search", "-L", "ours", "--json", "When does the lease end?").stdout)["hits"][0]
    assert cited["path"] == f"{folder.name}/lease.md"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    refused = run("add", "-L", "ours", "--root", folder.name, elsewhere)
    assert (refused.exit_code, "is not the folder" in refused.stderr) == (2, True)
    added = run("add", "-L", "ours", "--root", folder.name, mounted)
    assert (added.exit_code, f"is '{folder.name}' in this library" in added.stderr) == (0, True)
    cited = json.loads(run("search", "-L", "ours", "--json", "When does the lease end?").stdout)
    assert (cited["hits"][0]["path"], cited.get("outdated", [])) == (str(mounted / "lease.md"), [])
    assert json.loads(run("status", "-L", "ours", "--json").stdout)["documents"] == 2
    assert run("add", "-L", "ours", "--root", "two", elsewhere, mounted).exit_code == 2
    assert run("add", "--root", "docs", elsewhere).exit_code == 2


def test_a_file_of_a_folder_that_is_on_another_machine_is_removed_by_its_name(run, team, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "another home"))
    assert run("library", "create", "ours", "--at", PLACE).exit_code == 0
    removed = run("remove", "-L", "ours", f"{folder.name}/lease.md")
    assert (removed.exit_code, removed.stdout.split()[0]) == (0, "1")
    assert "lease.md" not in {name for name, _ in found_by(run, "ours", "lease coffee")}

"""A server that fails: a clear error with an exit code, nothing lost, and never "nothing found"."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import pytest

from assistant.index.milvus import connection, reader
from assistant.index.milvus.address import MilvusAddress
from assistant.index.milvus.connection import MilvusConnection
from tests.index.milvus.faulty_client import FaultyClient, no_fault
from tests.index.milvus.memory_tables import MemoryTables

PLACE = "milvus://db.example:19530/team"
QUESTION = ("search", "-L", "team", "When does the lease end?", "--json")
FAULTS = {  # what pymilvus raises, the exit code, and what the user is told
    "gone": ("Fail connecting to server on db.example:19530, illegal connection params", 6, "cannot be reached"),
    "slow": ("<_MultiThreadedRendezvous of RPC: DEADLINE_EXCEEDED Deadline Exceeded>", 6, "cannot be reached"),
    "token": ("auth check failure, please check api key is correct", 6, "refuses the token"),
    "full": ("quota exceeded[reason=disk quota exceeded, please allocate more resources]", 1, "has no room left"),
    "broken": ("node offline[node=3]: channel not available", 6, "reports an error"),
}


class ServerError(Exception):
    """An error as pymilvus raises it."""


class FailAt:
    """Fails at the request of a number, and at all later ones if the server stays away."""

    def __init__(self, number: int, said: str, *, stays: bool = True) -> None:
        self.left, self.said, self.stays = number, said, stays

    def __call__(self, name, request):
        self.left -= 1
        if self.left == -1 or (self.left < -1 and self.stays):
            raise ServerError(self.said)
        return request()


@pytest.fixture
def client(run, folder, monkeypatch) -> FaultyClient:
    """A shared library with two files, reached through a client that can fail."""
    monkeypatch.setattr(reader, "FRESH_SECONDS", 600.0)  # as many requests on a slow machine as on a quick one
    made = MemoryTables()
    with monkeypatch.context() as patch:
        patch.setattr(connection, "connect", lambda _address, **_: made)
        assert run("library", "create", "team", "--at", PLACE).exit_code == 0
        assert run("add", "-L", "team", folder).exit_code == 0
    faulty = FaultyClient(made)
    address = MilvusAddress("db.example", database="team")

    def connect(_address, **_) -> MilvusConnection:
        faulty.loaded.clear()  # the server has just started
        return MilvusConnection(faulty, address)

    monkeypatch.setattr(connection, "connect", connect)
    return faulty


def contents(run) -> dict[str, str]:
    held = json.loads(run("status", "-L", "team", "--files", "--json").stdout)
    return {Path(each["path"]).name: each["state"] for each in held["files"]}


def requests_of(run, client, *command) -> int:
    """Return how many requests a command makes."""
    counter = FailAt(10**6, "")
    client.fault = counter
    told = run(*command)
    client.fault = no_fault
    assert told.exit_code == 0, told.stderr
    return 10**6 - counter.left


def assert_is_told(told, exit_code: int, words: str) -> None:
    said = told.stderr.replace("\n", " ")
    assert (told.exit_code, words in said) == (exit_code, True), said
    assert "Traceback" not in said
    assert "nothing" not in said.lower()
    assert not told.stdout.strip()


@pytest.mark.parametrize("kind", FAULTS)
def test_a_search_that_fails_at_any_request_is_an_error(run, client, kind):
    said, exit_code, words = FAULTS[kind]
    count = requests_of(run, client, *QUESTION)
    assert count > 8
    for number in range(count):
        client.fault = FailAt(number, said)
        assert_is_told(run(*QUESTION), exit_code, words)
    client.fault = no_fault
    assert "lease.md" in run(*QUESTION).stdout


@pytest.mark.parametrize("command", [("ask", "When does the lease end?"), ("status",), ("library", "export", "team", "copy.zip"),
                                     ("library", "groups", "team"), ("sync",), ("remove", "lease.md")],
                         ids=lambda command: " ".join(command[:2]))
def test_every_command_says_that_the_server_is_gone(run, client, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    client.fault = FailAt(0, FAULTS["gone"][0])
    options = () if command[0] == "library" else ("-L", "team")
    assert_is_told(run(*command, *options), 6, "cannot be reached")
    assert not (tmp_path / "copy.zip").exists()


@pytest.mark.parametrize("place", [0.0, 0.4, 0.7, 0.9])
@pytest.mark.parametrize("kind", ["gone", "full"])
def test_a_sync_that_fails_in_the_middle_loses_nothing(run, client, folder, kind, place):
    """What is there afterwards is the old or the new version of each file; the next sync completes it."""
    said, exit_code, words = FAULTS[kind]
    (folder / "late.txt").write_text("The late train leaves at noon.\n", "utf-8")
    (folder / "coffee.txt").write_text("The tea pot is green.\n", "utf-8")
    before, link = deepcopy(client.tables.tables), folder
    count = requests_of(run, client, "sync", "-L", "team")
    expected = contents(run)
    client.tables.tables = before
    client.fault = FailAt(int(place * count), said)
    told = run("sync", "-L", "team")
    client.fault = no_fault
    assert (told.exit_code, words in told.stderr.replace("\n", " ")) in {(exit_code, True)}, told.stderr
    assert "Traceback" not in told.stderr
    held = contents(run)
    assert {"lease.md", "coffee.txt"} <= held.keys() <= expected.keys()
    assert "lease.md" in run(*QUESTION).stdout
    assert run("sync", "-L", "team").exit_code == 0
    assert contents(run) == expected
    assert "noon" in run("search", "-L", "team", "When does the late train leave?").stdout
    assert run("doctor", "-L", "team", "--check").exit_code == 0
    assert link.exists()


def test_a_write_that_is_done_by_half_is_an_error_and_is_repeated(run, client, folder):
    (folder / "late.txt").write_text("\n\n".join(f"The train {number} leaves at noon. " * 30 for number in range(9)), "utf-8")
    before = deepcopy(client.tables.tables)
    names = []
    client.fault = lambda name, request: (names.append(name), request())[1]
    assert run("sync", "-L", "team").exit_code == 0
    for number in range(names.count("upsert")):
        client.tables.tables = deepcopy(before)
        client.fault = HalfAt(number, client)
        told = run("sync", "-L", "team")
        assert_is_told(told, 6, "rows only")
        client.fault = no_fault
        assert "lease.md" in run(*QUESTION).stdout
        assert run("sync", "-L", "team").exit_code == 0
        assert contents(run)["late.txt"] == "indexed"
        assert run("doctor", "-L", "team", "--check").exit_code == 0


class HalfAt:
    """Writes half of the rows of the `upsert` of a number."""

    def __init__(self, number: int, client: FaultyClient) -> None:
        self.left, self.client = number, client

    def __call__(self, name, request):
        self.left -= name == "upsert"
        if name == "upsert" and self.left == -1:
            return self.client.write_half()
        return request()


@pytest.mark.parametrize("name", ["query", "search"])
def test_an_answer_that_is_not_whole_is_an_error(run, client, name):
    """Of a search, the answers to some of the questions are missing; of a query, some of the rows."""
    def cut(asked, request):
        answer = request()
        return answer[: len(answer) // 2] if asked == name else answer

    client.fault = cut
    told = run(*QUESTION)
    assert told.exit_code in {1, 6}, told.stderr
    assert not told.stdout.strip()
    assert "Traceback" not in told.stderr
    assert any(words in told.stderr.replace("\n", " ") for words in ("rows only", "not return all passages"))


def test_passages_that_are_not_returned_are_an_error(run, client):
    def cut(asked, request):
        answer = request()
        return [row for row in answer if "text" not in row] if asked == "query" else answer

    client.fault = cut
    assert_is_told(run(*QUESTION), 1, "does not return all passages")


def test_a_short_fault_is_over_with_the_next_command(run, client):
    client.fault = FailAt(2, FAULTS["gone"][0], stays=False)
    assert run(*QUESTION).exit_code == 6
    assert run(*QUESTION).exit_code == 0

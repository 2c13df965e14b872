"""Kept conversations and facts, through the commands."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from assistant.history import Sessions


def kept(own_home: Path) -> Sessions:
    return Sessions(own_home / "sessions")


@pytest.fixture
def session(run, library, own_home) -> str:
    assert run("chat", "--keep", stdin="When does the lease end?\nAnd the deposit?\n").exit_code == 0
    return kept(own_home).find("last").name


def test_a_piped_conversation_is_kept_only_where_that_is_asked_for(run, library, own_home):
    run("chat", stdin="When does the lease end?\n")
    assert kept(own_home).all() == ()


def test_a_typed_conversation_is_kept_unless_switched_off(run, library, own_home, monkeypatch):
    monkeypatch.setattr("assistant.cli.conversation.is_terminal", lambda: True)
    run("chat", "--no-keep", stdin="When does the lease end?\n")
    monkeypatch.setenv("ASSISTANT_SAVE_SESSIONS", "false")
    run("chat", stdin="When does the lease end?\n")
    assert kept(own_home).all() == ()
    monkeypatch.delenv("ASSISTANT_SAVE_SESSIONS")
    run("chat", stdin="When does the lease end?\n/clear\nHow many grams of beans?\n")
    assert [turn.question for each in kept(own_home).all() for turn in each.turns] == [
        "How many grams of beans?", "When does the lease end?",
    ]


def test_each_turn_is_on_the_disk_before_the_next_is_typed(run, library, own_home, monkeypatch):
    seen = []

    def typed(*_):
        yield "When does the lease end?"
        seen.append(kept(own_home).find("last").turns[-1].answer)

    monkeypatch.setattr("assistant.cli.commands.chat.typed_lines", typed)
    run("chat", "--keep")
    assert "31 December 2027" in seen[0]


def test_a_conversation_goes_on_where_it_stopped(run, session, own_home):
    result = run("chat", "--resume", session, stdin="/sources 1\nWhat did I ask first?\n")
    assert f"Resuming conversation {session} after 2 turns." in result.stderr
    assert "“The lease ends on 31 December 2027.”" in result.stdout
    assert "Your question 1 was: “When does the lease end?” [1]" in result.stdout
    assert "Turn 1 of this conversation" in result.stdout
    assert len(kept(own_home).find(session).turns) == 3


def test_a_conversation_is_resumed_in_its_own_library(run, session, folder, own_home, monkeypatch):
    assert run("add", folder / "coffee.txt", "-L", "kitchen").exit_code == 0
    run("chat", "-L", "kitchen", "--keep", stdin="How many grams of beans?\n")
    assert "nine grams" in run("chat", "--resume", stdin="How often must I descale it?\nHow many grams of beans?\n").stdout
    assert [each.library for each in kept(own_home).all()] == ["kitchen", "default"]
    assert run("library", "set", "kitchen", "chat=fake:").exit_code == 0
    monkeypatch.delenv("ASSISTANT_CHAT")
    assert run("chat", "--resume", stdin="How many grams of beans?\n").exit_code == 0  # its own settings hold


@pytest.mark.parametrize("arguments", [
    ("chat", "--resume"), ("chat", "20240314-1"), ("chat", "--resume", "20240314-1"), ("sessions", "show", "x"), ("sessions",
    "delete"),
    ("sessions", "delete", "last", "--all"), ("memory", "forget"), ("memory", "forget", "3"),
])
def test_what_is_not_there_is_a_usage_error(run, library, arguments):
    assert run(*arguments, stdin="").exit_code == 2


def test_sessions_are_listed_shown_and_deleted(run, session, own_home):
    assert f"{session}" in run("sessions", "list").stdout
    listed = json.loads(run("sessions", "list", "--json").stdout)["sessions"]
    assert [(each["session"], each["turns"], each["first"]) for each in listed] == [(session, 2, "When does the lease end?")]
    shown = run("sessions", "show", "last").stdout
    assert "> When does the lease end?" in shown
    assert "“The lease ends on 31 December 2027.”" in shown
    turns = json.loads(run("sessions", "show", session, "--json").stdout)["turns"]
    assert turns[1]["searched"]
    assert turns[0]["citations"][0]["location"]["line_start"] == 5
    assert "1 conversation deleted." in run("sessions", "delete", session).stderr
    assert not list((own_home / "sessions").iterdir())
    assert run("sessions", "list").stdout == "No conversations are saved.\n"


def test_what_was_typed_goes_with_the_conversation(run, session, own_home):
    from prompt_toolkit.history import FileHistory

    history = FileHistory(str(own_home / "history"))
    for typed in ("When does the lease end?", "another\nquestion", "And the deposit?"):
        history.store_string(typed)
    run("sessions", "delete", session)
    assert list(FileHistory(str(own_home / "history")).load_history_strings()) == ["another\nquestion"]
    assert "lease" not in (own_home / "history").read_text("utf-8")


def test_a_conversation_is_exported_with_its_sources(run, session, folder, tmp_path):
    file = tmp_path / "talk.md"
    assert run("sessions", "export", session, "--out", file).exit_code == 0
    text = file.read_text("utf-8")
    assert text == run("sessions", "export", "last").stdout
    assert "## 1. When does the lease end?" in text
    assert f"— `{folder / 'lease.md'}`, line 5" in text
    assert "   > The lease ends on 31 December 2027." in text
    assert run("sessions", "export", session, "--out", tmp_path / "none" / "talk.md").exit_code == 2


def test_an_export_replaces_no_file(run, session, tmp_path):
    file = tmp_path / "keep.md"
    file.write_text("mine", "utf-8")
    result = run("sessions", "export", session, "--out", file)
    assert (result.exit_code, file.read_text("utf-8")) == (2, "mine")
    assert "keep.md already exists. Choose another name, or move the file away." in " ".join(result.stderr.split())
    if os.name == "posix":
        assert run("sessions", "export", session, "--out", os.devnull).exit_code == 0


def test_a_disk_that_takes_nothing_does_not_end_the_conversation(run, library, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assistant.history.sessions.Sessions.begin", full)
    result = run("chat", "--keep", stdin="When does the lease end?\nHow many grams of beans?\n")
    assert result.exit_code == 0
    assert result.stderr.count("is not saved: No space left") == 1
    assert "nine grams" in result.stdout


def test_a_fact_is_remembered_answered_from_and_forgotten(run, library, own_home):
    result = run("chat", stdin="/remember The spare key hangs behind the boiler.\n/remember\nWhere does the spare key hang?\n")
    assert "Saved as fact 1." in result.stderr
    assert "There is nothing to remember." in result.stderr
    assert "behind the boiler" in result.stdout
    answer = json.loads(run("ask", "Where does the spare key hang?", "--json").stdout)
    (cited,) = answer["citations"]
    assert (cited["kind"], cited["path"], cited["quote"]) == ("memory", "memory:1", "The spare key hangs behind the boiler.")
    assert "Memory 1, which you asked to keep on" in run("ask", "Where does the spare key hang?").stdout
    assert json.loads(run("memory", "list", "--json").stdout)["facts"][0]["number"] == 1
    assert "spare key" in run("memory", "list").stdout
    assert "1 fact deleted." in run("memory", "forget", 1).stderr
    assert run("memory", "list").stdout == "No facts are saved.\n"
    assert b"boiler" not in (own_home / "memory.sqlite").read_bytes()


def test_a_fact_alone_can_answer_and_a_filter_leaves_it_out(run, folder, own_home, monkeypatch):
    assert json.loads(run("memory", "add", "Der Ersatzschlüssel: the spare key hangs behind the boiler.",
    "--json").stdout)["number"] == 1
    assert "behind the boiler" in run("ask", "Where does the spare key hang?").stdout
    assert run("ask", "Who won the race?").exit_code == 4
    assert "behind the boiler" in run("ask", "-L", "typo", "Where does the spare key hang?").stdout
    assert not (own_home / "libraries").exists()  # to ask makes no library
    assert run("add", folder).exit_code == 0
    assert "boiler" not in run("ask", "Where does the spare key hang?", "--type", "md").stdout
    monkeypatch.setenv("ASSISTANT_USE_FACTS", "off")
    assert "boiler" not in run("ask", "Where does the spare key hang?").stdout

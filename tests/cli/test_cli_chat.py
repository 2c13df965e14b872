"""Conversations: on the state alone, and through the command with lines from stdin."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import DummyInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from assistant.app.assistant import Assistant
from assistant.cli.commands.chat import editor, typed_lines
from assistant.cli.conversation import Conversation, parse_command
from assistant.config import load_settings
from assistant.models.fake import FakeReply


@pytest.fixture
def conversation(library):
    with Assistant(load_settings()) as assistant:
        yield Conversation(assistant)


def say(conversation: Conversation, question: str) -> str:
    return "".join(conversation.write(conversation.search(question)))


def stop(_):
    yield from ("The ", "lease ", "ends ", "on ", "31 ", "December ")
    raise KeyboardInterrupt


def test_turns_and_sources_are_kept(conversation, folder):
    text = say(conversation, "When does the lease end?")
    assert [(turn.question, turn.answer) for turn in conversation.turns] == [("When does the lease end?", text)]
    assert [cited.path for cited in conversation.citations] == [str(folder / "lease.md")]
    say(conversation, "And the deposit?")
    assert len(conversation.turns) == 2


def test_clear_forgets(conversation):
    say(conversation, "When does the lease end?")
    conversation.clear()
    assert (conversation.turns, conversation.citations) == ([], ())


def test_a_stopped_answer_is_kept_and_marked(fitted, conversation, monkeypatch):
    monkeypatch.setattr(FakeReply, "__iter__", stop)
    pieces = conversation.write(conversation.search("When does the lease end?"))
    with pytest.raises(KeyboardInterrupt):
        list(pieces)
    (turn,) = conversation.turns
    assert turn.answer.startswith("The lease ends on 31")
    assert turn.answer.endswith(" [stopped]")
    assert conversation.citations == ()


def test_an_answer_that_nobody_reads_on_is_kept_and_marked(conversation):
    pieces = conversation.write(conversation.search("When does the lease end?"))
    next(pieces)
    pieces.close()
    assert conversation.turns[0].answer.endswith(" [stopped]")


@pytest.mark.parametrize(("line", "command"), [
    
    ("/help\n", ("/help", "")), (" /EXIT ", ("/exit", "")), ("/sources 2", ("/sources", "2")),
    ("/etc/hosts, what is it?", ("", "")), ("What is /help?", ("", "")), ("", ("", "")),

])
def test_commands_are_told_from_questions(line, command):
    assert parse_command(line) == command


def test_a_conversation_over_stdin(run, library):
    result = run("chat", stdin="When does the lease end?\n\n/sources\n/clear\n/sources\n/nonsense\n/exit\nnever asked\n")
    assert result.exit_code == 0
    assert result.stdout.count("31 December 2027") == 2  # the answer, and the quote of /sources
    assert "“The lease ends on 31 December 2027.”" in result.stdout
    assert "Started a new conversation." in result.stderr
    assert "The last answer has no sources." in result.stderr
    assert "Unknown command /nonsense." in result.stderr
    assert "never" not in result.stdout + result.stderr


def test_ctrl_c_stops_the_answer_and_not_the_program(fitted, run, library, monkeypatch):
    whole = FakeReply.__iter__
    replies = [stop, whole]
    monkeypatch.setattr(FakeReply, "__iter__", lambda reply: replies.pop(0)(reply))
    result = run("chat", stdin="When does the lease end?\nHow many grams of beans?\n")
    assert result.exit_code == 0
    assert "Stopped." in result.stderr
    assert "The lease ends on 31" in result.stdout
    assert "nine grams" in result.stdout


def test_a_question_too_long_does_not_end_the_conversation(run, library):
    result = run("chat", stdin="lease " * 20_000 + "\nHow many grams of beans?\n")
    assert result.exit_code == 0
    assert "too long" in result.stderr
    assert "nine grams" in result.stdout


def test_lines_in_a_terminal(tmp_path, monkeypatch):
    monkeypatch.setattr("assistant.cli.commands.chat.is_terminal", lambda: True)
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text("forgotten\x03")  # Ctrl-C clears the line
        keys.send_text("two\x1b\rlines\r")  # Alt-Enter starts a new one
        keys.send_text("\x04")  # Ctrl-D leaves
        assert list(typed_lines(tmp_path / "history")) == ["two\nlines"]


def test_without_keeping_nothing_that_is_typed_is_written(tmp_path: Path):
    with create_app_session(input=DummyInput(), output=DummyOutput()):
        editor(None).history.store_string("secret")
    assert not list(tmp_path.iterdir())


def test_only_the_person_can_read_the_history(tmp_path: Path):
    history = tmp_path / "home" / "history"
    with create_app_session(input=DummyInput(), output=DummyOutput()):
        editor(history)
    assert stat.S_IMODE(history.stat().st_mode) == 0o600

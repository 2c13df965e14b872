"""What is typed is told on a pause, once, and never where it is no question."""

from __future__ import annotations

import threading

from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from assistant.cli.commands.chat import typed_lines
from assistant.cli.conversation import Conversation, TypingAhead
from assistant.config import load_settings
from assistant.errors import NothingIndexed
from assistant.server.remote_assistant import RemoteAssistant, open_assistant
from tests.cli.conftest import Runner

PATIENCE = 10


class Listener:
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.came = threading.Event()

    def __call__(self, text: str) -> None:
        self.heard.append(text)
        self.came.set()


def test_only_what_stands_still_is_told() -> None:
    told = Listener()
    ahead = TypingAhead(told, pause=0.2)
    for text in ("When do", "When does the", "When does the lease"):
        ahead.typed(text)
    assert told.came.wait(PATIENCE)
    assert told.heard == ["When does the lease"]


def test_the_same_is_told_once_and_a_finished_line_not_at_all() -> None:
    told = Listener()
    ahead = TypingAhead(told, pause=0.05)
    ahead.typed("When does the lease")
    assert told.came.wait(PATIENCE)
    ahead.typed("When does the lease ")
    assert ahead._timer is not None and not ahead._timer.is_alive()
    ahead.typed("When does the lease end?")
    ahead.typed("")
    assert ahead._timer.finished.wait(PATIENCE)
    assert told.heard == ["When does the lease"]


def test_commands_and_a_few_letters_are_not_told() -> None:
    ahead = TypingAhead(lambda _: None, pause=0.01)
    for text in ("/remember that the lease ends", "Whe", "   "):
        ahead.typed(text)
        assert ahead._timer is None


def test_a_failure_says_nothing_while_the_person_types() -> None:
    def fail(text: str) -> None:
        raise NothingIndexed("nothing")

    ahead = TypingAhead(fail)
    ahead._rest("When does the lease end?")


def test_a_line_in_a_terminal_is_heard_while_it_is_typed(monkeypatch) -> None:
    monkeypatch.setattr("assistant.cli.commands.chat.is_terminal", lambda: True)
    told = Listener()
    ahead = TypingAhead(told, pause=0.05)
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        typed = typed_lines(None, ahead)
        keys.send_text("When does the lease")
        threading.Thread(target=lambda: (told.came.wait(PATIENCE), keys.send_text(" end?\r"))).start()
        assert next(typed) == "When does the lease end?"
    assert told.heard == ["When does the lease"]


def test_without_a_terminal_nothing_is_looked_up_ahead(run: Runner, folder, own_engine: None, monkeypatch) -> None:
    run("add", folder)
    heard: list[str] = []
    monkeypatch.setattr(RemoteAssistant, "anticipate", lambda self, typed, turns: heard.append(typed))
    assert run("chat", stdin="When does the lease end?\n").exit_code == 0
    assert heard == []


def test_a_conversation_looks_ahead_through_the_engine(run: Runner, folder, own_engine: None) -> None:
    run("add", folder)
    with open_assistant(load_settings()) as assistant:
        conversation = Conversation(assistant)
        assert conversation.look_ahead
        conversation.look_ahead("When does the lease")
        assert "2027" in "".join(conversation.write(conversation.search("When does the lease end?")))

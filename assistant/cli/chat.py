"""The command that holds a conversation in the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from assistant.cli.conversation import HELP, Conversation, command_in
from assistant.cli.engine import answering
from assistant.cli.options import Chat, Embed, Library, NoEngine, Rerank, settings_of
from assistant.cli.progress import waiting
from assistant.cli.render import show_passages, show_sources
from assistant.cli.speak import say_timings, speak, warn_unsupported
from assistant.cli.terminal import is_terminal, notice, notices, output, say_error, write
from assistant.errors import ContextOverflow
from assistant.loading import chat_spec

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

PRIVATE = 0o600


def chat(context: typer.Context, library: Library = None, chat: Chat = None, embed: Embed = None,
         rerank: Rerank = None, no_engine: NoEngine = False) -> None:
    """Hold a conversation about your files. /help tells what can be typed."""
    settings = settings_of(context, library, chat, embed, rerank)
    with answering(settings, no_engine=no_engine) as assistant:
        chat_spec(settings)
        status = assistant.status()
        if is_terminal():
            notice(f"Library {status.name}: {status.documents:,} files. /help for help, Ctrl-D to leave.")
        converse(Conversation(assistant), lines(settings.home / "history"))


def converse(conversation: Conversation, typed: Iterator[str]) -> None:
    """Answer line by line until the person leaves."""
    for line in typed:
        command, words = command_in(line)
        if command in {"/exit", "/quit"}:
            return
        if command:
            obey(command, words, conversation)
        elif line.strip():
            reply(line, conversation)


def obey(command: str, words: str, conversation: Conversation) -> None:
    """Do what a command says; `words` follow it."""
    if command == "/clear":
        conversation.clear()
        notice("The conversation is forgotten.")
    elif command == "/sources":
        sources(words, conversation)
    else:
        notice(HELP if command == "/help" else f"There is no command {command}.\n{HELP}")


def sources(number: str, conversation: Conversation) -> None:
    """Show the sources of the last answer, or of the one with this number."""
    cited = conversation.sources(int(number) if number.isdecimal() else 0)
    if cited:
        show_sources(output(), cited)
    else:
        notice(f"Answer {number} has no sources." if number else "The last answer has no sources.")


def reply(question: str, conversation: Conversation) -> None:
    """Answer one question. Ctrl-C stops the answer and not the program."""
    try:
        with waiting("Searching"):
            stream = conversation.search(question)
        if notices().is_terminal:
            show_passages(notices(), conversation.passages(stream))
        speak(conversation.write(stream), lambda: stream.sentences)
        if stream.answer.searched:
            notice(f"searched for: {stream.answer.searched}")
        show_sources(output(), conversation.citations, quotes=False)
        warn_unsupported(stream.answer)
        say_timings(stream.answer)
        write("\n")
    except KeyboardInterrupt:
        notice("Stopped.")
    except ContextOverflow as error:
        say_error(str(error), error.hint)


def lines(history: Path) -> Iterator[str]:
    """Yield what the person types, or what comes in on stdin, until it ends."""
    if not is_terminal():
        yield from sys.stdin
        return
    session = editor(history)
    while True:
        try:
            yield session.prompt("> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def editor(history: Path) -> PromptSession[str]:
    """Return a line editor that remembers; nobody but the person can read what it remembers."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    history.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(history, os.O_CREAT | os.O_WRONLY, PRIVATE))
    history.chmod(PRIVATE)
    bindings = KeyBindings()

    @bindings.add("escape", "enter")
    def start_new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return PromptSession(history=FileHistory(str(history)), key_bindings=bindings)

"""The command that holds a conversation in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from assistant.app.models.cache import chat_spec
from assistant.cli.commands.engine import answering
from assistant.cli.console import counted, is_terminal, notice, notices, on_one_line, output, say_error, write
from assistant.cli.conversation import (
    HELP,
    Conversation,
    Keep,
    Resume,
    SessionName,
    SessionWriter,
    TypingAhead,
    make_private,
    parse_command,
    resumed_session,
    session_writer,
)
from assistant.cli.options import Chat, Embed, Flags, Library, NoEngine, Rerank, settings_of
from assistant.cli.render.answer import part_progress, show_timings, spinner, stream_answer, warn_masked, warn_unsupported
from assistant.cli.render.search import show_passages, show_sources
from assistant.datatypes import Session
from assistant.errors import AssistantError, ContextOverflow, UsageError
from assistant.history import Sessions

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession


def chat(context: typer.Context, library: Library = None, chat: Chat = None, embed: Embed = None,
         rerank: Rerank = None, no_engine: NoEngine = False, resume: Resume = False, session: SessionName = None,
         keep: Keep = None) -> None:
    """Chat about your files. Type /help to see the commands.

    A conversation in a terminal is kept, turn by turn, so that it can be resumed; one that comes through a pipe is not, unless
    --keep says so. See: assistant sessions list
    """
    settings = settings_of(context, library, chat, embed, rerank)
    earlier = resumed_session(Sessions(settings.sessions_folder), resume, session)
    named = library or (context.obj.library if isinstance(context.obj, Flags) else None)
    if earlier is not None and earlier.library and not named:
        settings = settings_of(context, earlier.library, chat, embed, rerank)  # with that library's own
    keeper = session_writer(settings, earlier, keep)
    with answering(settings, no_engine=no_engine) as assistant:
        chat_spec(settings)
        status = assistant.status()
        if is_terminal():
            notice(f"Library {on_one_line(status.name)}: {status.documents:,} files. /help for help, Ctrl-D to leave.")
        if earlier is not None:
            show_earlier(earlier)
        turns = earlier.turns if earlier else ()
        conversation = Conversation(assistant, turns, keeper.keep)
        ahead = TypingAhead(conversation.look_ahead) if conversation.looks_ahead else None
        converse(conversation, typed_lines(settings.history_file if keeper.wanted else None, ahead), keeper)


def show_earlier(earlier: Session) -> None:
    """Say which conversation goes on, and show its last turn."""
    notice(f"Conversation {earlier.name} goes on after {counted(len(earlier.turns), 'turn')}.")
    if earlier.turns:
        notice(f"> {earlier.turns[-1].question}\n{earlier.turns[-1].answer}")


def converse(conversation: Conversation, typed: Iterator[str], keeper: SessionWriter) -> None:
    """Answer line by line until the person leaves."""
    for line in typed:
        command, words = parse_command(line)
        if command in {"/exit", "/quit"}:
            return
        if command:
            run_command(command, words, conversation, keeper)
        elif line.strip():
            reply(line.strip(), conversation)


def run_command(command: str, words: str, conversation: Conversation, keeper: SessionWriter) -> None:
    """Do what a command says; `words` follow it."""
    if command == "/clear":
        conversation.clear()
        notice(f"A new conversation begins.{keeper.begin_anew()}")
    elif command == "/remember":
        remember(words, conversation)
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


def remember(words: str, conversation: Conversation) -> None:
    """Keep a fact."""
    try:
        fact = conversation.remember(words)
        notice(f"Kept as memory {fact.number}. To take it back: assistant memory forget {fact.number}")
    except AssistantError as error:
        say_error(str(error), error.hint)


def reply(question: str, conversation: Conversation) -> None:
    """Answer one question. Ctrl-C stops the answer and not the program."""
    try:
        with spinner("Searching"):
            stream = conversation.search(question)
        with part_progress() as on_progress:
            stream.prepare(on_progress)
        if notices().is_terminal:
            show_passages(notices(), conversation.passages(stream))
        stream_answer(conversation.write(stream), lambda: stream.sentences)
        if stream.answer.searched:
            notice(f"searched for: {stream.answer.searched}")
        show_sources(output(), conversation.citations, quotes=False)
        warn_unsupported(stream.answer)
        warn_masked(stream.answer)
        show_timings(stream.answer)
        write("\n")
    except KeyboardInterrupt:
        notice("Stopped.")
    except (ContextOverflow, UsageError) as error:
        say_error(str(error), error.hint)


def typed_lines(history: Path | None, ahead: TypingAhead | None = None) -> Iterator[str]:
    """Yield what the person types, or what comes in on stdin, until it ends. Who types in a terminal is listened to meanwhile."""
    if not is_terminal():
        yield from sys.stdin
        return
    session = editor(history)
    if ahead is not None:
        session.default_buffer.on_text_changed += lambda buffer: ahead.typed(buffer.text)
    while True:
        try:
            yield session.prompt("> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def editor(history: Path | None) -> PromptSession[str]:
    """Return a line editor that remembers, without a file only until it ends; nobody but the person can read the file."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory, InMemoryHistory
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    if history is not None:
        make_private(history)
    bindings = KeyBindings()

    @bindings.add("escape", "enter")
    def start_new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return PromptSession(history=FileHistory(str(history)) if history else InMemoryHistory(), key_bindings=bindings)

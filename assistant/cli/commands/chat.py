"""Command `chat`: hold a conversation in the terminal or over a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from assistant.app.models import chat_spec
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
from assistant.cli.options import As, Chat, Embed, Flags, Library, NoEngine, Rerank, settings_of
from assistant.cli.render.answer import prepare, show_notes, show_passages, show_sources, spinner, stream_answer
from assistant.datatypes import Session
from assistant.errors import AssistantError, ContextOverflow, ServerUnavailable, UsageError
from assistant.history import Sessions

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

    from assistant.config import Settings


def readable(settings: Settings, earlier: Session | None) -> Session | None:
    """Return the conversation to resume, as far as the reader may see what it quotes."""
    if earlier is None or not settings.has_shared_library:
        return earlier
    from assistant.app.library.readable_sessions import readable_session

    return readable_session(settings, earlier)


def chat(context: typer.Context, library: Library = None, chat: Chat = None, embed: Embed = None,
         rerank: Rerank = None, groups: As = None, no_engine: NoEngine = False, resume: Resume = False,
         session: SessionName = None, keep: Keep = None) -> None:
    """Chat about your files. Type /help to see the commands.

    A conversation in a terminal is saved turn by turn and can be resumed; one over a pipe is saved only with --keep.
    List saved conversations: assistant sessions list
    """
    settings = settings_of(context, library, chat, embed, rerank, groups)
    earlier = resumed_session(Sessions(settings.sessions_folder), resume, session)
    named = library or (context.obj.library if isinstance(context.obj, Flags) else None)
    if earlier is not None and earlier.library and not named:
        settings = settings_of(context, earlier.library, chat, embed, rerank, groups)  # includes that library's own settings
    earlier = readable(settings, earlier)
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
        ahead = TypingAhead(conversation.look_ahead) if conversation.look_ahead else None
        converse(conversation, typed_lines(settings.history_file if keeper.wanted else None, ahead), keeper)


def show_earlier(earlier: Session) -> None:
    """Show which conversation is resumed, and its last turn."""
    notice(f"Resuming conversation {earlier.name} after {counted(len(earlier.turns), 'turn')}.")
    if earlier.turns:
        notice(f"> {earlier.turns[-1].question}\n{earlier.turns[-1].answer}")


def converse(conversation: Conversation, typed: Iterator[str], keeper: SessionWriter) -> None:
    """Answer each line until the input ends or a line says /exit."""
    for line in typed:
        command, words = parse_command(line)
        if command in {"/exit", "/quit"}:
            return
        if command:
            run_command(command, words, conversation, keeper)
        elif line.strip():
            reply(line.strip(), conversation)


def run_command(command: str, words: str, conversation: Conversation, keeper: SessionWriter) -> None:
    """Run a slash command with its arguments."""
    if command == "/clear":
        conversation.clear()
        notice(f"Started a new conversation.{keeper.begin_anew()}")
    elif command == "/remember":
        remember(words, conversation)
    elif command == "/sources":
        sources(words, conversation)
    else:
        notice(HELP if command == "/help" else f"Unknown command {command}.\n{HELP}")


def sources(number: str, conversation: Conversation) -> None:
    """Show the sources of the last answer, or of the answer with this number."""
    cited = conversation.sources(int(number) if number.isdecimal() else 0)
    if cited:
        show_sources(output(), cited)
    else:
        notice(f"Answer {number} has no sources." if number else "The last answer has no sources.")


def remember(words: str, conversation: Conversation) -> None:
    """Save a fact."""
    try:
        fact = conversation.assistant.remember(words)
        notice(f"Saved as fact {fact.number}. To delete it: assistant memory forget {fact.number}")
    except AssistantError as error:
        say_error(str(error), error.hint)


def reply(question: str, conversation: Conversation) -> None:
    """Answer one question. Ctrl-C stops the answer, not the program."""
    try:
        with spinner("Searching"):
            stream = conversation.search(question)
        status = prepare(stream)
        if notices().is_terminal:
            show_passages(notices(), stream.question, stream.hits[: conversation.assistant.settings.context_chunks])
        stream_answer(conversation.write(stream), lambda: stream.sentences, status)
        if stream.answer.searched:
            notice(f"Searched for: {stream.answer.searched}")
        show_sources(output(), conversation.citations, quotes=False)
        show_notes(stream.answer)
        write("\n")
    except KeyboardInterrupt:
        notice("Stopped.")
    except (ContextOverflow, ServerUnavailable, UsageError) as error:
        say_error(str(error), error.hint)


def typed_lines(history: Path | None, ahead: TypingAhead | None = None) -> Iterator[str]:
    """Yield lines from the terminal or from stdin. In a terminal, `ahead` gets the text while it is typed."""
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
    """Return a line editor with history, kept in a private file or, without one, in memory."""
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

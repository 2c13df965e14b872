"""State of a chat: the conversation, the session file, prefetching while the user types, and the input history file."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.console import is_terminal, notice
from assistant.config import Settings
from assistant.datatypes import AnswerStreaming, Citation, Session, Turn
from assistant.errors import AssistantError, UsageError
from assistant.history import Sessions
from assistant.server.remote_assistant import Answerer, RemoteAssistant
from assistant.system.atomic_files import write_atomically

COMMAND = re.compile(r"(/[A-Za-z]+)(?:\s+(.*))?", re.DOTALL)
HELP = """Type a question. Follow-up questions may refer to earlier ones.
  /sources [N]    show the sources of the last answer, or of answer N, with quotes
  /remember TEXT  save a fact; list them with: assistant memory list
  /clear          start a new conversation
  /help           show this text
  /exit           leave (or Ctrl-D)
Ctrl-C stops an answer. Alt-Enter inserts a line break."""
STOPPED = " [stopped]"


class Conversation:
    """The turns so far, and the assistant that answers the next question."""

    def __init__(self, assistant: Answerer, turns: Sequence[Turn] = (), keep: Callable[[Turn], None] = lambda _: None) -> None:
        """Continue from earlier turns; `keep` is called with each finished turn."""
        self.assistant, self._keep = assistant, keep
        self.turns = list(turns)
        self.citations: tuple[Citation, ...] = turns[-1].citations if turns else ()

    def search(self, question: str) -> AnswerStreaming:
        """Retrieve passages and return the answer to stream. Raises what Assistant.ask raises."""
        self.citations = ()
        return self.assistant.ask(question, self.turns)

    @property
    def look_ahead(self) -> Callable[[str], None] | None:
        """A function that prefetches passages for a partly typed question; None without the engine, which alone can do so."""
        engine = self.assistant
        return (lambda typed: engine.anticipate(typed, self.turns)) if isinstance(engine, RemoteAssistant) else None

    def write(self, stream: AnswerStreaming) -> Iterator[str]:
        """Yield the text of an answer. A stopped answer stays in the conversation, marked as stopped."""
        asked, said, finished = now(), list[str](), False
        try:
            for piece in stream:
                said.append(piece)
                yield piece
            finished = True
            self.citations = stream.answer.citations
        finally:
            text = "".join(said)
            if text.strip():
                given = stream.answer if finished else None
                turn = (Turn(given.question, given.text, given.citations, given.searched, given.abstained, asked) if given
                        else Turn(stream.question, text.rstrip() + STOPPED, asked=asked))
                self.turns.append(turn)
                self._keep(turn)

    def sources(self, number: int) -> tuple[Citation, ...]:
        """Return the sources of turn `number` (from 1), or of the last answer for 0; an empty tuple if there is no such turn."""
        if not number:
            return self.citations
        return self.turns[number - 1].citations if number <= len(self.turns) else ()

    def clear(self) -> None:
        """Remove all turns."""
        self.turns.clear()
        self.citations = ()


def now() -> str:
    """Return the local time in ISO 8601 with its UTC offset, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def parse_command(line: str) -> tuple[str, str]:
    """Return the slash command in a line and its arguments; two empty strings for a question."""
    match = COMMAND.fullmatch(line.strip())
    return (match.group(1).lower(), (match.group(2) or "").strip()) if match else ("", "")


Resume = Annotated[bool, typer.Option("--resume", help="Resume a saved conversation: the last one, or SESSION.")]
SessionName = Annotated[str | None, typer.Argument(metavar="[SESSION]", help="With --resume: id of the conversation, or last.",
                                                   show_default=False)]
Keep = Annotated[bool | None, typer.Option("--keep/--no-keep", show_default=False, help="Save this conversation, or not. "
                                           "Default: saved in a terminal if save_sessions is true.")]


class SessionWriter:
    """Write each finished turn to the session file. After a failure, print one notice and write no more."""

    def __init__(self, sessions: Sessions, library: str, *, wanted: bool, name: str = "") -> None:
        """Append to the session of that name; without a name, start a session with the first turn."""
        self._sessions, self._library = sessions, library
        self.wanted = wanted
        self.name = name

    def keep(self, turn: Turn) -> None:
        """Write a turn to disk."""
        if not self.wanted:
            return
        try:
            if self.name:
                self._sessions.append(self.name, turn)
            else:
                self.name = self._sessions.begin(self._library, turn)
        except OSError as error:
            self.wanted = False
            notice(f"The rest of this conversation is not saved: {error.strerror or error}.")

    def begin_anew(self) -> str:
        """Start a new session with the next turn; return a notice about the previous one."""
        kept, self.name = self.name, ""
        return f" The previous one is saved; to delete it: assistant sessions delete {kept}" if kept else ""


def resumed_session(sessions: Sessions, resume: bool, name: str | None) -> Session | None:
    """Return the session to resume, None for a new conversation. Raises UsageError."""
    if name and not resume:
        raise UsageError(f"A conversation id ({name!r}) needs --resume.", f"Resume it: assistant chat --resume {name}")
    return sessions.find(name or "last") if resume else None


def session_writer(settings: Settings, earlier: Session | None, keep: bool | None) -> SessionWriter:
    """Return the session writer. By default it writes in a terminal or when resuming, if save_sessions is true."""
    wanted = keep if keep is not None else settings.save_sessions and (is_terminal() or earlier is not None)
    name = earlier.name if earlier else ""
    return SessionWriter(Sessions(settings.sessions_folder), settings.library, wanted=wanted, name=name)


PAUSE_SECONDS = 0.3
FEWEST_CHARACTERS = 6  # shorter texts match too many passages


class TypingAhead:
    """Report the typed text after a pause in typing, from a separate thread so that typing never waits."""

    def __init__(self, tell: Callable[[str], None], pause: float = PAUSE_SECONDS) -> None:
        self._tell, self._pause = tell, pause
        self._timer: threading.Timer | None = None
        self._told = ""

    def typed(self, text: str) -> None:
        """Restart the timer with the current text of the line."""
        self.stop()
        text = text.strip()
        if len(text) >= FEWEST_CHARACTERS and not text.startswith("/") and text != self._told:
            self._timer = threading.Timer(self._pause, self._rest, (text,))
            self._timer.daemon = True
            self._timer.start()

    def stop(self) -> None:
        """Cancel the pending report."""
        if self._timer is not None:
            self._timer.cancel()

    def _rest(self, text: str) -> None:
        self._told = text
        try:
            self._tell(text)
        except AssistantError:
            return  # the question itself will raise and show the same error


PRIVATE = 0o600


def make_private(history: Path) -> None:
    """Create the file if it is missing, readable by its owner only."""
    history.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(history, os.O_CREAT | os.O_WRONLY, PRIVATE))
    history.chmod(PRIVATE)


def delete_typed_questions(history: Path, questions: Collection[str]) -> None:
    """Remove these questions from the input history file, if it exists."""
    if not history.exists():
        return
    entries = list(history_entries(history.read_text("utf-8", "replace")))
    kept = [entry for entry in entries if typed_text(entry) not in questions]
    if len(kept) < len(entries):
        write_atomically(history, "".join(kept).encode(), PRIVATE)


def history_entries(text: str) -> Iterator[str]:
    """Yield prompt_toolkit's history entries: a comment line with the time, then the typed lines, each after a plus sign."""
    entry = ""
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):  # not splitlines(): a question may contain other line separators
        if not line.startswith("+") and entry.rstrip().rpartition("\n")[2].startswith("+"):
            yield entry
            entry = ""
        entry += line
    if entry:
        yield entry


def typed_text(entry: str) -> str:
    """Return the typed text of an entry."""
    return "\n".join(line[1:] for line in entry.split("\n") if line.startswith("+")).strip()

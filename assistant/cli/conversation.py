"""Lines that a person types in, answers and notices out. Knows the conversation; knows no terminal."""

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
from assistant.datatypes import Answer, Answering, Citation, Fact, Hit, Session, Turn
from assistant.errors import AssistantError, UsageError
from assistant.history import Sessions
from assistant.server.remote_assistant import Answerer, ResidentAssistant

COMMAND = re.compile(r"(/[A-Za-z]+)(?:\s+(.*))?", re.DOTALL)
HELP = """Type a question. Follow-up questions may refer to earlier ones.
  /sources [N]    the sources of the last answer, or of answer N, word for word
  /remember TEXT  keep a fact for good; see them: assistant memory list
  /clear          begin a new conversation
  /help           this text
  /exit           leave (or Ctrl-D)
Ctrl-C stops an answer. Alt-Enter starts a new line."""
STOPPED = " [stopped]"


class Conversation:
    """What was said so far."""

    def __init__(self, assistant: Answerer, turns: Sequence[Turn] = (), keep: Callable[[Turn], None] = lambda _: None) -> None:
        """Go on from earlier turns; `keep` gets each new one when it is over."""
        self._assistant, self._keep = assistant, keep
        self.turns = list(turns)
        self.citations: tuple[Citation, ...] = turns[-1].citations if turns else ()

    def search(self, question: str) -> Answering:
        """Return the answer to come, its passages found. Raises what Assistant.ask raises."""
        self.citations = ()
        return self._assistant.ask(question, self.turns)

    @property
    def looks_ahead(self) -> bool:
        """Whether what a question needs can be made ready while it is typed: by the engine, which has threads of its own."""
        return isinstance(self._assistant, ResidentAssistant)

    def look_ahead(self, typed: str) -> None:
        """Make ready what a question needs that begins so. Raises what Assistant.anticipate raises."""
        if isinstance(self._assistant, ResidentAssistant):
            self._assistant.anticipate(typed, self.turns)

    def passages(self, stream: Answering) -> tuple[Hit, ...]:
        """Return the passages that an answer may be made from."""
        return stream.hits[: self._assistant.settings.context_chunks]

    def write(self, stream: Answering) -> Iterator[str]:
        """Yield the text of an answer. Where it is stopped, what there is stays part of the conversation, marked."""
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
                turn = (finished_turn(stream.answer, asked) if finished
                        else Turn(stream.question, text.rstrip() + STOPPED, asked=asked))
                self.turns.append(turn)
                self._keep(turn)

    def sources(self, number: int) -> tuple[Citation, ...]:
        """Return the sources of a turn, counted from 1; of the last answer for 0; none where there is no such turn."""
        if not number:
            return self.citations
        return self.turns[number - 1].citations if number <= len(self.turns) else ()

    def remember(self, words: str) -> Fact:
        """Keep a fact; return it. Raises UsageError or MemoryUnusable."""
        return self._assistant.remember(words)

    def clear(self) -> None:
        """Forget all that was said."""
        self.turns.clear()
        self.citations = ()


def now() -> str:
    """Return the time in ISO 8601, to the second, with its distance from UTC."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def finished_turn(answer: Answer, asked: str) -> Turn:
    """Return the turn that a finished answer makes."""
    return Turn(answer.question, answer.text, answer.citations, answer.searched, answer.abstained, asked)


def parse_command(line: str) -> tuple[str, str]:
    """Return the command that a line is, such as "/help", and what follows it; nothing where it is a question."""
    match = COMMAND.fullmatch(line.strip())
    return (match.group(1).lower(), (match.group(2) or "").strip()) if match else ("", "")


Resume = Annotated[bool, typer.Option("--resume", help="Go on with a kept conversation: the last one, or SESSION.")]
SessionName = Annotated[str | None, typer.Argument(metavar="[SESSION]", help="With --resume: the conversation's id, or last.",
                                                   show_default=False)]
Keep = Annotated[bool | None, typer.Option("--keep/--no-keep", help="Keep this conversation, or not. Without either: in a "
                                           "terminal, if save_sessions is true.", show_default=False)]


class SessionWriter:
    """Keeps each turn when it is over; where that fails, says so once and lets the conversation go on."""

    def __init__(self, sessions: Sessions, library: str, *, wanted: bool, name: str = "") -> None:
        """Go on with the session of that name; without one, begin a session with the first turn."""
        self._sessions, self._library = sessions, library
        self.wanted = wanted
        self.name = name

    def keep(self, turn: Turn) -> None:
        """Put a turn on the disk."""
        if not self.wanted:
            return
        try:
            if self.name:
                self._sessions.append(self.name, turn)
            else:
                self.name = self._sessions.begin(self._library, turn)
        except OSError as error:
            self.wanted = False
            notice(f"This conversation is not kept from here on: {error.strerror or error}.")

    def begin_anew(self) -> str:
        """Let the next turn begin a session of its own; return what to say of the one before."""
        kept, self.name = self.name, ""
        return f" The one before is kept; to delete it: assistant sessions delete {kept}" if kept else ""


def resumed_session(sessions: Sessions, resume: bool, name: str | None) -> Session | None:
    """Return the conversation to go on with, None for a new one. Raises UsageError."""
    if name and not resume:
        raise UsageError(f"A conversation is named, {name!r}, but not resumed.", f"Go on with it: assistant chat --resume {name}")
    return sessions.find(name or "last") if resume else None


def session_writer(settings: Settings, earlier: Session | None, keep: bool | None) -> SessionWriter:
    """Return who keeps the turns: nobody where that is switched off, or, unless asked for, where nobody types."""
    wanted = keep if keep is not None else settings.save_sessions and (is_terminal() or earlier is not None)
    return SessionWriter(Sessions(settings.sessions_folder), settings.library, wanted=wanted, name=earlier.name if earlier else "")


PAUSE_SECONDS = 0.3
FEWEST_CHARACTERS = 6  # what is shorter finds anything


class TypingAhead:
    """Tells what is typed once it has not changed for a moment, in a thread of its own, so that typing never waits."""

    def __init__(self, tell: Callable[[str], None], pause: float = PAUSE_SECONDS) -> None:
        self._tell, self._pause = tell, pause
        self._timer: threading.Timer | None = None
        self._told = ""

    def typed(self, text: str) -> None:
        """Hear what stands in the line now."""
        self.stop()
        text = text.strip()
        if len(text) >= FEWEST_CHARACTERS and not text.startswith("/") and text != self._told:
            self._timer = threading.Timer(self._pause, self._rest, (text,))
            self._timer.daemon = True
            self._timer.start()

    def stop(self) -> None:
        """Tell nothing more of what was typed so far: the line is finished, or goes on."""
        if self._timer is not None:
            self._timer.cancel()

    def _rest(self, text: str) -> None:
        self._told = text
        try:
            self._tell(text)
        except AssistantError:
            return  # the question itself will meet the same failure, and say it


PRIVATE = 0o600


def make_private(history: Path) -> None:
    """Make the file where there is none; nobody but the person can read it."""
    history.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(history, os.O_CREAT | os.O_WRONLY, PRIVATE))
    history.chmod(PRIVATE)


def delete_typed_questions(history: Path, questions: Collection[str]) -> None:
    """Take the entries that are these questions out of the file; one that is not there stays so."""
    if not history.exists():
        return
    entries = list(history_entries(history.read_text("utf-8", "replace")))
    kept = [entry for entry in entries if typed_text(entry) not in questions]
    if len(kept) < len(entries):
        aside = history.with_suffix(".partial")
        make_private(aside)
        aside.write_text("".join(kept), "utf-8")
        aside.replace(history)


def history_entries(text: str) -> Iterator[str]:
    """Yield the entries: each begins with a comment that says when, and has a plus before each line that was typed."""
    entry = ""
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):  # a question may hold what else Python takes for the end of a line
        if not line.startswith("+") and entry.rstrip().rpartition("\n")[2].startswith("+"):
            yield entry
            entry = ""
        entry += line
    if entry:
        yield entry


def typed_text(entry: str) -> str:
    """Return what was typed."""
    return "\n".join(line[1:] for line in entry.split("\n") if line.startswith("+")).strip()

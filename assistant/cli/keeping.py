"""The options of `chat` about keeping conversations in; who keeps each turn, and the conversation to go on with, out."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.cli.terminal import is_terminal, notice
from assistant.config import Settings
from assistant.datatypes import Session, Turn
from assistant.errors import UsageError
from assistant.journal import Sessions

Resume = Annotated[bool, typer.Option("--resume", help="Go on with a kept conversation: the last one, or SESSION.")]
SessionName = Annotated[str | None, typer.Argument(metavar="[SESSION]", help="With --resume: the conversation's id, or last.",
                                                   show_default=False)]
Keep = Annotated[bool | None, typer.Option("--keep/--no-keep", help="Keep this conversation, or not. Without either: in a "
                                           "terminal, if keep_sessions is true.", show_default=False)]


class Keeper:
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


def resumed(sessions: Sessions, resume: bool, name: str | None) -> Session | None:
    """Return the conversation to go on with, None for a new one. Raises UsageError."""
    if name and not resume:
        raise UsageError(f"A conversation is named, {name!r}, but not resumed.", f"Go on with it: assistant chat --resume {name}")
    return sessions.find(name or "last") if resume else None


def keeper_of(settings: Settings, earlier: Session | None, keep: bool | None) -> Keeper:
    """Return who keeps the turns: nobody where that is switched off, or, unless asked for, where nobody types."""
    wanted = keep if keep is not None else settings.keep_sessions and (is_terminal() or earlier is not None)
    return Keeper(Sessions(settings.sessions_folder), settings.library, wanted=wanted, name=earlier.name if earlier else "")

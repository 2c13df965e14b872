"""Show a saved conversation without what it quotes of files that the reader may not see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from assistant.app.assistant import Assistant
from assistant.config import Settings
from assistant.datatypes import Session, Turn
from assistant.history import redact_turns


def readable_session(settings: Settings, session: Session) -> Session:
    """Return a conversation without the answers that stand on files of a shared library which the reader may not see.

    Raises what opening the library raises: without the library it is not known what the reader may see.
    """
    asked = replace(settings, library=session.library or settings.library)
    if not asked.has_shared_library or not any(cited.quote for turn in session.turns for cited in turn.citations):
        return session
    return replace(session, turns=readable_turns(asked, session.turns))


def readable_turns(settings: Settings, turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Return the turns of a conversation with these libraries, without the answers that the reader may not see."""
    with Assistant(settings) as assistant:
        return tuple(redact_turns(turns, assistant.hides))

"""Remember the recent answers of a server, to recognize them in the conversations that clients send back as plain text."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from assistant.datatypes import Answer, Turn

MOST_ANSWERS = 256


class TurnMemory:
    """The last answers, in memory only. A conversation then has its citations and rewritten questions, as in a terminal."""

    def __init__(self, most: int = MOST_ANSWERS) -> None:
        self._most = most
        self._turns: OrderedDict[bytes, Turn] = OrderedDict()

    def remember(self, library: str, answer: Answer) -> None:
        """Keep the turn of a finished answer."""
        turn = Turn(answer.question, answer.text, answer.citations, answer.searched, answer.abstained)
        key = key_of(library, turn)
        self._turns.pop(key, None)
        self._turns[key] = turn
        while len(self._turns) > self._most:
            self._turns.popitem(last=False)

    def recall(self, library: str, turn: Turn) -> Turn:
        """Return the kept turn with this question and answer; the turn itself if there is none."""
        return self._turns.get(key_of(library, turn), turn)


def key_of(library: str, turn: Turn) -> bytes:
    """Return a key for a library, a question and an answer; white space at the ends does not matter."""
    return hashlib.sha256("\0".join((library, turn.question.strip(), turn.answer.strip())).encode("utf-8", "replace")).digest()

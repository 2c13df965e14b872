"""Lines that a person types in, answers and notices out. Knows the conversation; knows no terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.answer import AnswerStream, Turn
from assistant.datatypes import Citation, Hit
from assistant.pipeline import Assistant

COMMAND = re.compile(r"/[A-Za-z]+")
HELP = """Type a question. Follow-up questions may refer to earlier ones.
  /sources  the sources of the last answer, word for word
  /clear    forget the conversation
  /help     this text
  /exit     leave (or Ctrl-D)
Ctrl-C stops an answer. Alt-Enter starts a new line."""
STOPPED = " [stopped]"


class Conversation:
    """What was said so far."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self.turns: list[Turn] = []
        self.citations: tuple[Citation, ...] = ()

    def search(self, question: str) -> AnswerStream:
        """Return the answer to come, its passages found. Raises what Assistant.ask raises."""
        self.citations = ()
        return self._assistant.ask(question, self.turns)

    def passages(self, stream: AnswerStream) -> tuple[Hit, ...]:
        """Return the passages that an answer may be made from."""
        return stream.hits[: self._assistant.settings.passages]

    def write(self, stream: AnswerStream) -> Iterator[str]:
        """Yield the text of an answer. Where it is stopped, what there is stays part of the conversation, marked."""
        said: list[str] = []
        finished = False
        try:
            for piece in stream:
                said.append(piece)
                yield piece
            finished = True
            self.citations = stream.answer.citations
        finally:
            text = "".join(said)
            if text.strip():
                self.turns.append(Turn(stream.question, text if finished else text.rstrip() + STOPPED))

    def clear(self) -> None:
        """Forget all that was said."""
        self.turns.clear()
        self.citations = ()


def command_in(line: str) -> str:
    """Return the command that a line is, such as "/help"; nothing where it is a question."""
    return line.strip().lower() if COMMAND.fullmatch(line.strip()) else ""

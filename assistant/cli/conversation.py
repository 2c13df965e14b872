"""Lines that a person types in, answers and notices out. Knows the conversation; knows no terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from assistant.datatypes import Answer, Answering, Citation, Hit, Turn
from assistant.pipeline import Assistant

COMMAND = re.compile(r"(/[A-Za-z]+)(?:\s+(.*))?", re.DOTALL)
HELP = """Type a question. Follow-up questions may refer to earlier ones.
  /sources [N]  the sources of the last answer, or of answer N, word for word
  /clear        forget the conversation
  /help         this text
  /exit         leave (or Ctrl-D)
Ctrl-C stops an answer. Alt-Enter starts a new line."""
STOPPED = " [stopped]"


class Conversation:
    """What was said so far."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self.turns: list[Turn] = []
        self.citations: tuple[Citation, ...] = ()

    def search(self, question: str) -> Answering:
        """Return the answer to come, its passages found. Raises what Assistant.ask raises."""
        self.citations = ()
        return self._assistant.ask(question, self.turns)

    def passages(self, stream: Answering) -> tuple[Hit, ...]:
        """Return the passages that an answer may be made from."""
        return stream.hits[: self._assistant.settings.passages]

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
                self.turns.append(
                    finished_turn(stream.answer, asked) if finished
                    else Turn(stream.question, text.rstrip() + STOPPED, asked=asked)
                )

    def sources(self, number: int) -> tuple[Citation, ...]:
        """Return the sources of a turn, counted from 1; of the last answer for 0; none where there is no such turn."""
        if not number:
            return self.citations
        return self.turns[number - 1].citations if number <= len(self.turns) else ()

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


def command_in(line: str) -> tuple[str, str]:
    """Return the command that a line is, such as "/help", and what follows it; nothing where it is a question."""
    match = COMMAND.fullmatch(line.strip())
    return (match.group(1).lower(), (match.group(2) or "").strip()) if match else ("", "")

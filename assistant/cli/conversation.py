"""Lines that a person types in, answers and notices out. Knows the conversation; knows no terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from assistant.datatypes import Answer, Answering, Citation, Fact, Hit, Turn
from assistant.engine.resident import Answerer, ResidentAssistant

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


def command_in(line: str) -> tuple[str, str]:
    """Return the command that a line is, such as "/help", and what follows it; nothing where it is a question."""
    match = COMMAND.fullmatch(line.strip())
    return (match.group(1).lower(), (match.group(2) or "").strip()) if match else ("", "")

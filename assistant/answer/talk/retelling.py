"""A question about the conversation itself in; an answer from its turns out, with the turns as its sources."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assistant.answer.prompt import PROMPT_VERSION
from assistant.answer.sentences import numbers
from assistant.answer.talk.about import About
from assistant.answer.talk.wording import SAID, to_retell
from assistant.datatypes import CITED, Answer, ChatModel, Citation, Hit, Location, Progress, Sentence, Timings, Turn, Written
from assistant.errors import ContextOverflow
from assistant.text.languages import language

LONGEST_QUOTE = 300  # characters


class RetellingStream(Written):
    """An answer about the conversation: iterate for its text, then read the finished `answer`."""

    def __init__(self, question: str, wanted: About, turns: Sequence[Turn], open_model: Callable[[], ChatModel],
                 answer_tokens: int) -> None:
        self.question = question
        self.hits: tuple[Hit, ...] = ()
        self._wanted, self._turns, self._open, self._answer_tokens = wanted, turns, open_model, answer_tokens
        self._words = SAID["zh" if language(question) == "zh" else "en"]
        self._started = time.perf_counter()
        self._answer = Answer(question, "", False, (), (), "", "", PROMPT_VERSION, Timings(0.0))

    @property
    def sentences(self) -> Sequence[Sentence]:
        """None: what was said before is told again, not claimed."""
        return ()

    def prepare(self, on_progress: Callable[[Progress], None]) -> None:
        """Do nothing: there is no long work before the first word."""

    def __iter__(self) -> Iterator[str]:
        """Yield the text; what was yielded joins to `answer.text`."""
        text, numbers_of_turns = self._told()
        cited = tuple(citation(place, number, self._turns[number - 1]) for place, number in enumerate(numbers_of_turns, 1))
        yield text
        taken = (time.perf_counter() - self._started) * 1000
        self._answer = replace(self._answer, text=text, citations=cited, abstained=not cited,
                               timings=replace(self._answer.timings, first_token_ms=taken, total_ms=taken))
        self._finished = (self._answer,)

    def _told(self) -> tuple[str, list[int]]:
        """Return the text and the numbers, from 1, of the turns that it stands on."""
        wish, turns = self._wanted.wish, self._turns
        if wish in {"questions", "summary"}:
            return self._all(with_answers=wish == "summary"), list(range(1, len(turns) + 1))
        index = self._wanted.turn if self._wanted.turn >= 0 else len(turns) + self._wanted.turn
        if index >= len(turns):
            return self._words["none"], []
        turn = turns[index]
        if wish == "retell":
            return self._retold(turn), [index + 1]
        if wish == "question":
            return self._words["asked"].format(number=index + 1, text=turn.question) + " [1]", [index + 1]
        return self._words["told"].format(question=turn.question, text=plain(turn)) + " [1]", [index + 1]

    def _all(self, *, with_answers: bool) -> str:
        head = self._words["summary" if with_answers else "all"].format(count=len(self._turns))
        lines = [f"- {turn.question}{f' {plain(turn)}' if with_answers else ''} [{number}]"
                 for number, turn in enumerate(self._turns, 1)]
        return "\n".join([head, *lines])

    def _retold(self, turn: Turn) -> str:
        """Return the turn's answer as the model puts it, or as it was where the model changes its numbers or says nothing."""
        chat = self._open()
        self._answer = replace(self._answer, model=chat.name)
        try:
            said = "".join(chat.reply(to_retell(self.question, [turn]), self._answer_tokens)).strip()
        except ContextOverflow:
            said = ""
        if not said or not numbers(said) <= numbers(f"{turn.question} {plain(turn)}"):
            return self._words["failed"].format(text=plain(turn)) + " [1]"
        return f"{said} [1]"


def plain(turn: Turn) -> str:
    """Return a turn's answer without the numbers of its sources."""
    return CITED.sub("", turn.answer)


def citation(place: int, number: int, turn: Turn) -> Citation:
    """Return a source that is a turn of this conversation."""
    quote = f"{turn.question}\n{turn.answer}"[:LONGEST_QUOTE]
    return Citation(place, f"turn:{number}", f"Turn {number} of this conversation",
                    Location(1, quote.count("\n") + 1, 0, len(quote)), quote, "turn")

"""An answer that is written in; the same with a sentence behind it that says where the files disagree, if they do, out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assistant.answer.conflict import Changed, cited_with, conflicts, disagreement
from assistant.datatypes import Answer, Answering, Conflict, Hit, Progress, Sentence, Written


class DisputedStream(Written):
    """An answer whose claims are compared with what other files say. `rivals` gives the passages to compare with."""

    def __init__(self, stream: Answering, passages: Sequence[Hit], rivals: Callable[[], Sequence[Hit]], changed: Changed) -> None:
        self.question, self.hits = stream.question, stream.hits
        self._stream, self._passages, self._rivals, self._changed = stream, passages, rivals, changed

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The sentences that are over."""
        return self._stream.sentences

    def prepare(self, on_progress: Callable[[Progress], None]) -> None:
        """Do the long work before the first word, if there is any."""
        self._stream.prepare(on_progress)

    def __iter__(self) -> Iterator[str]:
        """Yield the text as it comes, then the disagreement."""
        yield from self._stream
        answer = self._stream.answer
        found = self._conflicts(answer) if answer.citations else ()
        if found:
            addition = f"\n\n{disagreement(self.question, found)}"
            yield addition
            answer = replace(answer, text=answer.text + addition, citations=cited_with(answer.citations, found), conflicts=found)
        self._finished = (answer,)

    def _conflicts(self, answer: Answer) -> tuple[Conflict, ...]:
        return conflicts(self.question, answer.text, answer.citations, self._passages, self._rivals(), self._changed)

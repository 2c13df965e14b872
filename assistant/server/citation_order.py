"""Renumber the citations of a streamed answer from 1, in the order in which its text cites them.

The engine numbers a citation by the rank of its passage, so an answer may cite [3] alone. Chat programs take [n] for the n-th
source of a message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.datatypes import Answer, Sentence
from assistant.server.protocol import TokenDelta

MARK = re.compile(r"\[(\d{1,3})\]")
BEGUN_MARK = re.compile(r"\[\d{0,3}\Z")


class CitationOrder:
    """The new numbers of one answer. A mark that no sentence cites is text of a file, and stays as it is."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._cited: set[int] = set()
        self._pending = ""  # the beginning of a mark whose end has not come yet

    def renumber_delta(self, delta: TokenDelta) -> TokenDelta:
        """Return the next text with new numbers; a mark that is not complete is kept for the next call."""
        self._cited |= numbers_of(delta.sentences)
        text = self._pending + delta.text
        begun = BEGUN_MARK.search(text)
        self._pending = begun.group() if begun else ""
        return TokenDelta(self._renumber(text.removesuffix(self._pending)), self._renumber_sentences(delta.sentences))

    def rest(self) -> str:
        """Return the text that is still kept, once no more comes."""
        rest, self._pending = self._pending, ""
        return rest

    def renumber_answer(self, answer: Answer) -> Answer:
        """Return the finished answer with the numbers that its text was streamed with, its citations in their order."""
        self._cited |= numbers_of(answer.sentences)
        text, sentences = self._renumber(answer.text), self._renumber_sentences(answer.sentences)
        if not self._numbers:
            return answer
        citations = sorted((replace(cited, number=self._number(cited.number)) for cited in answer.citations),
                           key=lambda cited: cited.number)
        return replace(answer, text=text, sentences=sentences, citations=tuple(citations))

    def _renumber(self, text: str) -> str:
        return MARK.sub(lambda mark: f"[{self._number(int(mark[1]))}]" if int(mark[1]) in self._cited else mark[0], text)

    def _renumber_sentences(self, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
        return tuple(replace(said, numbers=tuple(map(self._number, said.numbers))) for said in sentences)

    def _number(self, number: int) -> int:
        return self._numbers.setdefault(number, len(self._numbers) + 1)


def numbers_of(sentences: Sequence[Sentence]) -> set[int]:
    """Return the numbers that sentences cite."""
    return {number for said in sentences for number in said.numbers}

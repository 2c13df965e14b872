"""Write the answer to a prompt as a stream: injection check, answerability gate, citations, missing parts, verification."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath

from assistant.datatypes import (
    QUERY_SEPARATOR,
    Answer,
    Answerability,
    ChatModel,
    Message,
    Reply,
    ScoredText,
    Sentence,
    StreamedAnswer,
)
from assistant.generation.citing_stream import CitingStream
from assistant.generation.compound import answer_missing_parts
from assistant.generation.prompt import Prompt, ReplyWriter, answerability_probe, refusal_text
from assistant.generation.refusal import (
    answerability_after,
    answerability_before,
    contains_refusal,
    cross_language_offset,
    is_decided,
    is_empty,
    is_refusal,
    may_become_refusal,
    verify_answer,
)
from assistant.generation.support import attribute, build_citations
from assistant.generation.untrusted_text import count_masked, draws_on_instructions, find_instructions, sanitize, visible_text
from assistant.text.facts import parse_chunk, parse_claim

LONGEST_KEPT_BACK = 300  # characters of an answer that may wait for its verification


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of an answer: its length in tokens, the refusal threshold (0 to 1), whether unsupported sentences are dropped.

    `offset` is the calibrated offset of the log-odds for this library.
    """

    answer_tokens: int
    refusal_threshold: float
    strict: bool = False
    offset: float = 0.0


class AnswerStream(StreamedAnswer):
    """The answer that a chat model writes to a prompt: iterate for its text, then read the finished `answer`.

    `draft` holds what is known before: question, hits, embedding model, and the query that a follow-up question became.
    """

    def __init__(self, draft: Answer, chat: ChatModel, prompt: Prompt, limits: Limits, started: float) -> None:
        self.question, self.hits = draft.question, draft.hits
        self._prompt, self._limits, self._started = prompt, limits, started
        self._standalone = draft.searched.split(QUERY_SEPARATOR)[0] or draft.question
        self._offset = 0.0
        self._citing: CitingStream | None = None
        self._tally = TallyingChat(chat)
        self._answer = replace(draft, model=chat.name)
        self._writing_ms = 0.0

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The finished sentences; of a strict answer those with support."""
        said = self._citing.sentences if self._citing else []
        return [sentence for sentence in said if sentence.support != "none" or not self._limits.strict]

    def __iter__(self) -> Iterator[str]:
        """Yield the text, citation numbers included. What was yielded joins to `answer.text`."""
        for piece in self._pieces():
            if self._answer.timings.first_token_ms is None:  # as the user sees it, checks included
                taken = milliseconds_since(self._started)
                self._answer = replace(self._answer, timings=replace(self._answer.timings, first_token_ms=taken))
            yield piece

    def _pieces(self) -> Iterator[str]:
        chat = self._tally
        prompt, wary = choose_safe_prompt(chat, self._prompt, self.question, self._limits.answer_tokens)
        self._answer = replace(self._answer, masked=count_masked(prompt.passages, wary=wary))
        reply = chat.reply(prompt.messages, self._limits.answer_tokens, answerability_probe(prompt, self._standalone))
        self._offset = self._limits.offset + cross_language_offset(self.question, prompt)
        answerability = answerability_before(reply, self.question, self._limits.refusal_threshold, self._offset)
        self._answer = replace(self._answer, answerability=answerability)
        clear = is_decided(answerability)
        if clear and answerability.p_unanswerable > answerability.threshold:
            yield from self._refuse(reply)
            return
        pieces, begun = iter(reply), time.perf_counter()
        opening = read_opening(pieces)
        if is_empty(opening) or is_refusal(opening):
            yield from self._refuse(reply)
            return
        self._citing = stream = CitingStream(prompt.passages, self.question, strict=self._limits.strict)
        rest = partial(answer_missing_parts, self.question, chat=chat, prompt=prompt, sources=stream.sources,
                       answer_tokens=self._limits.answer_tokens)
        shown = stripped(self._cited(stream, opening, pieces, begun, rest))
        yield from self._finish_text(shown if clear else self._verified(shown, chat, prompt, answerability), reply, prompt)

    def _verified(self, shown: Iterator[str], chat: ReplyWriter, prompt: Prompt, answerability: Answerability) -> Iterator[str]:
        """Yield a short answer at its end if the model verifies it; a long one as it comes, by the answerability before it.

        An answer without a supported sentence is not given: it was doubtful before it was written.
        """
        pieces: list[str] = []
        for piece in shown:
            pieces.append(piece)
            if sum(map(len, pieces)) > LONGEST_KEPT_BACK:
                if answerability.p_unanswerable <= answerability.threshold:
                    yield from pieces
                    yield from shown
                return
        sentences = self._citing.sentences if self._citing else []
        if sentences and all(sentence.support == "none" for sentence in sentences):
            return
        said = " ".join(sentence.text for sentence in sentences)
        after = verify_answer(chat, prompt, self.question, said or "".join(pieces))
        answerability = answerability_after(answerability, after, self.question, self._offset)
        self._answer = replace(self._answer, answerability=answerability)
        if answerability.p_unanswerable <= answerability.threshold:
            yield from pieces

    def _finish_text(self, shown: Iterator[str], reply: Reply, prompt: Prompt) -> Iterator[str]:
        """Yield the text and finish the answer; refuse if there is none: only markers, or nothing that is supported."""
        text = ""
        for piece in shown:
            text += piece
            yield piece
        if not text:
            yield from self._refuse(reply)
            return
        said = tuple(self.sentences)
        cited = build_citations(said, prompt.passages, self.question)
        abstained = not cited and contains_refusal(text)
        self._finish(reply, replace(self._answer, text=text, citations=cited, abstained=abstained, sentences=said))

    def _cited(self, stream: CitingStream, opening: str, pieces: Iterator[str], begun: float,
               rest: Callable[[str], Iterator[str]]) -> Iterator[str]:
        said = opening
        yield from stream.feed(opening)
        for piece in pieces:
            said += piece
            yield from stream.feed(piece)
            sentences = [sentence.text for sentence in stream.sentences]
            if sentences and sentences[-1] in sentences[:-1]:  # small models can repeat themselves without end
                break
        self._writing_ms = milliseconds_since(begun)
        for more in rest(said):
            yield from stream.feed(more)
        yield from stream.finish()

    def _refuse(self, reply: Reply) -> Iterator[str]:
        text = refusal_text(self.question)
        yield text
        self._finish(reply, replace(self._answer, text=text, abstained=True))

    def _finish(self, reply: Reply, answer: Answer) -> None:
        timings = replace(answer.timings, total_ms=milliseconds_since(self._started), prompt_tokens=reply.prompt_tokens,
                          reused_tokens=self._tally.reused_tokens, read_tokens=self._tally.read_tokens,
                          generated_tokens=reply.generated_tokens, writing_ms=self._writing_ms)
        self._answer = replace(answer, timings=timings)
        self._finished = (self._answer,)


def refuse_without_evidence(draft: Answer, started: float) -> Answer:
    """Return the refusal of a question that has no evidence: no model is asked."""
    timings = replace(draft.timings, total_ms=milliseconds_since(started))
    return replace(draft, text=refusal_text(draft.question), abstained=True, timings=timings)


def milliseconds_since(started: float) -> float:
    """Return the milliseconds since a reading of `time.perf_counter`."""
    return (time.perf_counter() - started) * 1000


def stripped(pieces: Iterator[str]) -> Iterator[str]:
    """Yield the pieces without the white space at either end of the whole."""
    begun, space = False, ""
    for piece in pieces:
        text = space + piece if begun else piece.lstrip()
        kept = text.rstrip()
        space = text[len(kept):]
        if kept:
            begun = True
            yield kept


def read_opening(pieces: Iterator[str]) -> str:
    """Return the beginning of the reply, long enough to tell an answer from a refusal."""
    opening = ""
    for piece in pieces:
        opening += piece
        if is_refusal(opening) or not may_become_refusal(opening):
            break
    return opening


def choose_safe_prompt(chat: ReplyWriter, prompt: Prompt, question: str, answer_tokens: int) -> tuple[Prompt, bool]:
    """Return the prompt to answer from, and whether suspected instructions are removed from it.

    They are removed if chunks contain suspected instructions, the answer with them refuses or draws only on them, and the
    chunks support the answer without them: fully or, if there was none before, at least partially.
    """
    read = [hit.chunk.searchable for hit in prompt.passages]
    texts = [*(PurePath(hit.path).name for hit in prompt.passages), *map(visible_text, read)]
    instructions = [text[start:end] for text in texts for start, end in find_instructions(text, wary=True)]
    if not instructions:
        return prompt, False
    first = "".join(chat.reply(prompt.messages, answer_tokens))
    without_answer = is_empty(first) or is_refusal(first)
    rest = " ".join(sanitize(text, wary=True) for text in read)
    if not without_answer and not draws_on_instructions(first, instructions, question, rest):
        return prompt, False
    safe = prompt.without_suspected_instructions
    again = "".join(chat.reply(safe.messages, answer_tokens))
    if is_empty(again) or is_refusal(again):
        return prompt, False
    support = attribute(parse_claim(again, question), (), [parse_chunk(hit.chunk) for hit in prompt.passages]).support
    return (safe, True) if support == "full" or (support == "partial" and without_answer) else (prompt, False)


class TallyingChat:
    """Count the prompt tokens that one question takes, which can be several prompts."""

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat
        self._replies: list[Reply] = []

    @property
    def reused_tokens(self) -> int:
        """How many tokens of the first prompt were reused from earlier questions."""
        return self._replies[0].reused_tokens if self._replies else 0

    @property
    def read_tokens(self) -> int:
        """How many prompt tokens were computed, over all prompts."""
        return sum(reply.prompt_tokens - reply.reused_tokens + reply.candidate_tokens for reply in self._replies)

    def reply(self, messages: Sequence[Message], max_tokens: int, candidates: Sequence[ScoredText] = ()) -> Reply:
        """Start a reply; see ChatModel. Raises ContextOverflow if prompt and reply do not fit."""
        reply = self._chat.reply(messages, max_tokens, candidates)
        self._replies.append(reply)
        return reply

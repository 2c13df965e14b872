"""Write the answer to a prompt as a stream: injection check, answerability gate, citations, missing parts, verification."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import PurePath

from assistant.datatypes import (
    PASSAGES,
    QUERY_SEPARATOR,
    Answer,
    Answerability,
    ChatModel,
    Gate,
    Hit,
    Message,
    ProbeGate,
    Progress,
    Reply,
    ScoredText,
    Sentence,
    StreamedAnswer,
)
from assistant.generation.answerability import (
    estimate_before,
    estimate_with_support,
    estimate_with_verification,
    gain_candidates,
    is_decided,
    language_offset,
    query_likelihood_gain,
    verify_answer,
)
from assistant.generation.cascade import is_beyond_doubt, is_borne_out, is_certain, may_be_accepted
from assistant.generation.citing_stream import CitingStream
from assistant.generation.compound import answer_missing_parts
from assistant.generation.prompt import (
    NO_PROMPT,
    NOT_STATED,
    Prompt,
    ReplyWriter,
    answerability_probe,
    computation_refusal,
    refusal_text,
    withheld_text,
)
from assistant.generation.refusal import contains_refusal, is_empty, is_refusal, may_become_refusal
from assistant.generation.reply_form import asks_for_form, begins_with_form, stands_in
from assistant.generation.support import attribute, build_citations
from assistant.generation.untrusted_text import count_masked, draws_on_instructions, find_instructions, sanitize, visible_text
from assistant.text.facts import parse_chunk, parse_claim

LONGEST_KEPT_BACK = 300  # characters of an answer that may wait for its verification


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of an answer: its length in tokens, the refusal threshold (0 to 1), whether unsupported sentences are dropped.

    `offset` is the calibrated offset of the log-odds for this library, `gate` what was fitted to the chat model, if anything was.
    """

    answer_tokens: int
    refusal_threshold: float
    strict: bool = False
    offset: float = 0.0
    gate: Gate | None = None


class AnswerStream(StreamedAnswer):
    """The answer that a chat model writes to a prompt: iterate for its text, then read the finished `answer`.

    `draft` holds what is known before: question, hits, embedding model, and the query that a follow-up question became.
    `best` is a prompt with the best passage alone, which is tried first; without passages it is not.
    """

    def __init__(self, draft: Answer, chat: ChatModel, prompt: Prompt, limits: Limits, started: float,
                 best: Prompt = NO_PROMPT) -> None:
        self.question, self.hits = draft.question, draft.hits
        self._prompt, self._best, self._limits, self._started = prompt, best, limits, started
        self._standalone = draft.searched.split(QUERY_SEPARATOR)[0] or draft.question
        self._offset = 0.0
        self._withheld = self._hides_sentences = False
        self._probe = -math.inf  # the most that the probe has said of the passages read so far
        self._citing: CitingStream | None = None
        self._tally = TallyingChat(chat)
        self._answer = replace(draft, model=chat.name, machine=chat.machine)
        self._writing_ms = 0.0
        self._read = 0  # passages that the model has read so far

    @property
    def sentences(self) -> Sequence[Sentence]:
        """The finished sentences; of a strict answer those with support. None of what is refused or withheld."""
        if self._hides_sentences:
            return []
        return [sentence for sentence in self._said if sentence.support != "none" or not self._limits.strict]

    def __iter__(self) -> Iterator[str]:
        """Yield the text, citation numbers included. What was yielded joins to `answer.text`."""
        for piece in self._pieces():
            if self._answer.timings.first_token_ms is None:  # as the user sees it, checks included
                taken = milliseconds_since(self._started)
                self._answer = replace(self._answer, timings=replace(self._answer.timings, first_token_ms=taken))
            yield piece

    @property
    def passages(self) -> Sequence[Hit]:
        """The passages that the answer is written from: number n in the text is passages[n - 1]."""
        return self._prompt.passages

    def _pieces(self) -> Iterator[str]:
        if self._best.passages:
            yield from self._from_best()
        if not self._finished:
            yield from self._from_all()

    def _from_best(self) -> Iterator[str]:
        """Yield the answer from the best passage alone, and nothing if it is not accepted."""
        chat, prompt = self._tally, self._best
        if not may_be_read_alone(prompt):
            return
        self._report_reading(prompt)
        gate = self._limits.gate
        scored = () if isinstance(gate, ProbeGate) else answerability_probe(prompt, self._standalone)
        reply = chat.reply(prompt.messages, self._limits.answer_tokens, scored)
        answerability = self._estimate_best(reply)
        if not may_be_accepted(gate, answerability) or answerability.is_unlikely:
            return
        begun, pieces = time.perf_counter(), iter(reply)
        opening = read_opening(pieces)
        if is_empty(opening) or is_refusal(opening) or begins_with_form(opening):
            return
        stream = CitingStream(prompt.passages, self.question, strict=self._limits.strict)
        shown = stripped(self._cited(stream, opening, pieces, begun, lambda _: iter(())))
        if not is_beyond_doubt(gate, answerability):
            kept = read_until(shown, lambda: is_certain(gate, answerability) and bool(stream.sentences))
            if not is_borne_out(stream.sentences, self._standalone):
                return
            shown = chain(kept, shown)
        self._prompt, self._citing = prompt, stream
        self._answer = replace(self._answer, answerability=answerability, masked=count_masked(prompt.passages))
        yield from self._finish_text(shown, reply, prompt)

    def _from_all(self) -> Iterator[str]:
        chat = self._tally
        self._report_reading(self._prompt)
        prompt, wary = choose_safe_prompt(chat, self._prompt, self.question, self._limits.answer_tokens)
        self._answer = replace(self._answer, masked=count_masked(prompt.passages, wary=wary))
        gate = self._limits.gate
        scored = gain_candidates(gate, prompt, self._standalone)
        reply = chat.reply(prompt.messages, self._limits.answer_tokens, scored)
        self._offset = self._limits.offset + language_offset(gate, self.question, prompt)
        answerability = self._estimate_before(reply)
        self._answer = replace(self._answer, answerability=answerability)
        if gate and is_decided(gate, answerability) and answerability.is_unlikely:
            yield from self._refuse(reply)
            return
        begun = time.perf_counter()
        reply, pieces, opening = self._read_in_plain_form(chat, prompt, reply)
        if is_empty(opening) or is_refusal(opening):
            yield from self._refuse(reply)
            return
        self._citing = stream = CitingStream(prompt.passages, self.question, strict=self._limits.strict)
        rest = partial(answer_missing_parts, self.question, chat=chat, prompt=prompt, sources=stream.sources,
                       answer_tokens=self._limits.answer_tokens)
        shown = stripped(self._cited(stream, opening, pieces, begun, rest))
        yield from self._finish_text(self._checked(shown, chat, prompt, answerability), reply, prompt)

    def _report_reading(self, prompt: Prompt) -> None:
        """Report that the model reads the passages of a prompt, and how many of them it has read before."""
        total = len(prompt.passages)
        self._on_progress(Progress(PASSAGES, min(self._read, total), total))
        self._read = total

    def _estimate_best(self, reply: Reply) -> Answerability:
        """Return the answerability by the best passage alone; without a gate the query-likelihood gain and no estimate."""
        if self._limits.gate is not None:
            return self._estimate_before(reply)
        gain = query_likelihood_gain(reply.log_likelihoods())
        return Answerability(None, self._limits.refusal_threshold, query_likelihood_gain=gain)

    def _estimate_before(self, reply: Reply) -> Answerability:
        """Return the answerability before the first token."""
        limits = self._limits
        found = estimate_before(limits.gate, reply, self.question, limits.refusal_threshold, self._offset, self._probe)
        self._probe = self._probe if found.probe is None else found.probe
        return found

    def _read_in_plain_form(self, chat: ReplyWriter, prompt: Prompt, reply: Reply) -> tuple[Reply, Iterator[str], str]:
        """Return the reply, its pieces and its opening; those of another reply if it has a form that only a passage asks for.

        The second reply is to a prompt without the lines that ask for the form. If it has the form too, it is a refusal.
        """
        pieces = iter(reply)
        opening = read_opening(pieces)
        if not begins_with_form(opening):
            return reply, pieces, opening
        whole = opening + "".join(pieces)
        texts = [hit.chunk.searchable for hit in prompt.passages]
        if asks_for_form(self.question) or stands_in(whole, texts):
            return reply, iter(()), whole
        again = chat.reply(prompt.without_forms.messages, self._limits.answer_tokens)
        second = "".join(again)
        return again, iter(()), NOT_STATED if begins_with_form(second) else second

    def _checked(self, shown: Iterator[str], chat: ReplyWriter, prompt: Prompt, answerability: Answerability) -> Iterator[str]:
        """Yield the text as far as the estimate before it, or the checks of the finished answer, allow.

        What a model on another machine writes is shown as it comes, with its marks.
        """
        gate = self._limits.gate
        if self._answer.machine:
            return shown
        if gate is None or gate.waits_for_support or answerability.p_unanswerable is None:
            return self._from_first_supported(shown)
        if is_decided(gate, answerability):
            return shown
        return self._verified(shown, chat, prompt, gate, answerability)

    def _from_first_supported(self, shown: Iterator[str]) -> Iterator[str]:
        """Yield the text once one of its sentences has support; nothing if none has."""
        kept = read_until(shown, lambda: any(sentence.support != "none" for sentence in self._said))
        if self._is_unsupported:
            return
        yield from kept
        yield from shown

    @property
    def _said(self) -> Sequence[Sentence]:
        """The finished sentences, those without support too."""
        return self._citing.sentences if self._citing else ()

    @property
    def _is_unsupported(self) -> bool:
        """Whether there are finished sentences and none of them has support."""
        return bool(self._said) and all(sentence.support == "none" for sentence in self._said)

    def _verified(self, shown: Iterator[str], chat: ReplyWriter, prompt: Prompt, gate: Gate,
                  answerability: Answerability) -> Iterator[str]:
        """Yield a short answer at its end if the model verifies it; a long one as it comes, by the answerability before it.

        An answer without a supported sentence is not given: it was doubtful before it was written. A supported one is withheld
        if it stays doubtful.
        """
        pieces: list[str] = []
        for piece in shown:
            pieces.append(piece)
            if sum(map(len, pieces)) > LONGEST_KEPT_BACK:
                self._withheld = answerability.is_unlikely
                if not self._withheld:
                    yield from pieces
                    yield from shown
                return
        if self._is_unsupported:
            return
        verified = self._estimate_after(chat, prompt, gate, answerability, "".join(pieces))
        self._answer = replace(self._answer, answerability=verified)
        self._withheld = verified.is_unlikely
        if not self._withheld:
            yield from pieces

    def _estimate_after(self, chat: ReplyWriter, prompt: Prompt, gate: Gate, before: Answerability, text: str) -> Answerability:
        """Return the answerability with the finished answer. Without a probe, the model is asked to verify it."""
        supported = bool(self._said) and all(sentence.support == "full" for sentence in self._said)
        if isinstance(gate, ProbeGate):
            return estimate_with_support(gate, before, supported=supported)
        said = " ".join(sentence.text for sentence in self._said) or text
        p_verified = verify_answer(chat, prompt, self.question, said)
        return estimate_with_verification(gate, before, p_verified, self.question, self._offset, supported=supported)

    def _finish_text(self, shown: Iterator[str], reply: Reply, prompt: Prompt) -> Iterator[str]:
        """Yield the text and finish the answer; refuse if there is none: only markers, or nothing that is supported."""
        text = ""
        for piece in shown:
            text += piece
            yield piece
        if not text:
            yield from self._withhold(reply, prompt) if self._withheld else self._refuse(reply)
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

    def _withhold(self, reply: Reply, prompt: Prompt) -> Iterator[str]:
        """Yield, instead of an answer that is too doubtful, where to look: the passages that support it."""
        supported = [sentence for sentence in self._said if sentence.support != "none"]
        cited = build_citations(supported, prompt.passages, self.question)
        if not cited:
            yield from self._refuse(reply)
            return
        text = withheld_text(self.question, [citation.number for citation in cited])
        self._hides_sentences = True
        yield text
        self._finish(reply, replace(self._answer, text=text, citations=cited, abstained=True))

    def _refuse(self, reply: Reply) -> Iterator[str]:
        text = refusal_text(self.question)
        self._hides_sentences = True
        yield text
        self._finish(reply, replace(self._answer, text=text, abstained=True))

    def _finish(self, reply: Reply, answer: Answer) -> None:
        timings = replace(answer.timings, total_ms=milliseconds_since(self._started), prompt_tokens=reply.prompt_tokens,
                          estimated_tokens=reply.has_estimated_counts,
                          reused_tokens=self._tally.reused_tokens, read_tokens=self._tally.read_tokens,
                          read_passages=len(self.passages),
                          generated_tokens=reply.generated_tokens, writing_ms=self._writing_ms)
        self._answer = replace(answer, timings=timings)
        self._finished = (self._answer,)


def refuse_without_evidence(draft: Answer, started: float) -> Answer:
    """Return the refusal of a question that has no evidence: no model is asked."""
    timings = replace(draft.timings, total_ms=milliseconds_since(started))
    return replace(draft, text=refusal_text(draft.question), abstained=True, timings=timings)


def refuse_to_compute(draft: Answer, started: float, *, is_shared: bool) -> Answer:
    """Return the refusal of a question that would have to be computed over all rows or files: no model is asked."""
    timings = replace(draft.timings, total_ms=milliseconds_since(started))
    return replace(draft, text=computation_refusal(draft.question, is_shared=is_shared), abstained=True, timings=timings)


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


def read_until(pieces: Iterator[str], is_enough: Callable[[], bool]) -> list[str]:
    """Return the first pieces: those after which it is enough, or all."""
    kept: list[str] = []
    for piece in pieces:
        kept.append(piece)
        if is_enough():
            break
    return kept


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
    instructions = suspected_instructions(prompt)
    if not instructions:
        return prompt, False
    read = [hit.chunk.searchable for hit in prompt.passages]
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


def may_be_read_alone(prompt: Prompt) -> bool:
    """Return whether an answer may be written from the passage of a prompt alone: it holds no suspected instructions."""
    return not suspected_instructions(prompt)


def suspected_instructions(prompt: Prompt) -> list[str]:
    """Return the sentences in the passages of a prompt that look like instructions to the model."""
    names, read = [PurePath(hit.path).name for hit in prompt.passages], [hit.chunk.searchable for hit in prompt.passages]
    return [text[start:end] for text in (*names, *map(visible_text, read)) for start, end in find_instructions(text, wary=True)]


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

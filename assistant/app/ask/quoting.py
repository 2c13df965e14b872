"""Answer a question with a sentence of the files, word for word, without a language model."""

from __future__ import annotations

import time
from dataclasses import replace

from assistant.datatypes import Answer, SearchResult, Sentence
from assistant.generation import (
    PROMPT_VERSION,
    likely_sentences,
    needs_all_rows,
    refuse_to_compute,
    refuse_without_evidence,
)
from assistant.text.calculations import recognize_aggregate

__all__ = ["likely_sentences", "quote_answer"]


def quote_answer(question: str, found: SearchResult, embedder: str) -> Answer:
    """Return the sentence that most likely answers the question as an answer.

    It is a refusal if nothing was found, or if the answer must be computed over all rows of a table or over many files.
    """
    started, asked = time.perf_counter(), recognize_aggregate(question)
    draft = Answer(question, "", False, (), found.hits, "", embedder, PROMPT_VERSION, found.timings, outdated=found.outdated)
    if asked is not None and needs_all_rows(question, asked, found.hits):
        return refuse_to_compute(draft, started)
    cited = likely_sentences(question, found.hits)
    if not cited:
        return refuse_without_evidence(draft, started)
    quoted, number = f"“{' '.join(cited[0].quote.split())}”", cited[0].number
    return replace(draft, text=f"{quoted} [{number}]", citations=cited, sentences=(Sentence(quoted, (number,), "full"),))

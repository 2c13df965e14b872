"""Answer a question with a sentence of the files, word for word, without a language model."""

from __future__ import annotations

import time
from dataclasses import replace

from assistant.datatypes import Answer, SearchResult
from assistant.generation import (
    PROMPT_VERSION,
    detect_small_talk,
    likely_sentences,
    needs_all_rows,
    refuse_without_evidence,
)
from assistant.generation.documents import recognize_task
from assistant.text.calculations import recognize_aggregate
from assistant.text.languages import language

__all__ = ["likely_sentences", "quote_answer"]
NO_QUOTE = {
    "en": "--fast only quotes. To count, compute, list or summarize, ask without --fast.",
    "zh": "--fast 只引用原文。要统计、计算、列举或总结，请去掉 --fast 再问。",
}


def quote_answer(question: str, found: SearchResult, embedder: str) -> Answer:
    """Return the sentence that most likely answers the question as an answer; its support is not checked.

    It is a refusal if nothing was found, or if no single sentence can answer.
    """
    started = time.perf_counter()
    draft = Answer(question, "", False, (), found.hits, "", embedder, PROMPT_VERSION, found.timings, outdated=found.outdated)
    if needs_more_than_quote(question, found):
        return replace(draft, text=NO_QUOTE["zh" if language(question) == "zh" else "en"], abstained=True)
    cited = likely_sentences(question, found.hits)
    if not cited:
        return refuse_without_evidence(draft, started)
    return replace(draft, text=f"“{' '.join(cited[0].quote.split())}” [{cited[0].number}]", citations=cited)


def needs_more_than_quote(question: str, found: SearchResult) -> bool:
    """Return whether a question is about whole files, or needs all rows of a table or many files."""
    if detect_small_talk(question) or recognize_task(question) is not None:
        return True
    asked = recognize_aggregate(question)
    return asked is not None and needs_all_rows(question, asked, found.hits)

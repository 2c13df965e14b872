"""Answer a question with a sentence of the files, word for word, without a language model."""

from __future__ import annotations

from assistant.datatypes import Answer, SearchResult, Sentence
from assistant.generation import PROMPT_VERSION, likely_sentences, refusal_text

__all__ = ["likely_sentences", "quote_answer"]


def quote_answer(question: str, found: SearchResult, embedder: str) -> Answer:
    """Return the sentence that most likely answers the question as an answer; a refusal if nothing was found."""
    cited = likely_sentences(question, found.hits)
    timings = found.timings
    if not cited:
        return Answer(question, refusal_text(question), True, (), found.hits, "", embedder, PROMPT_VERSION, timings)
    quoted, number = f"“{' '.join(cited[0].quote.split())}”", cited[0].number
    return Answer(question, f"{quoted} [{number}]", False, cited, found.hits, "", embedder, PROMPT_VERSION, timings,
                  sentences=(Sentence(quoted, (number,), "full"),), outdated=found.outdated)

"""Decide whether an answer from the best passage alone is accepted, or the other passages are read too.

Most questions need one passage, and reading is what a person waits for. An answer from the best passage is accepted if it is not
a refusal, the passage is likely enough to answer the question, every sentence stands in the passage, and one of them says more
than the question does. Otherwise the question is answered from all passages as if the best one had not been read alone, with its
KV state where the prompts agree.

How likely the passage must be is fitted to the model, in its gate. For a model to which nothing was fitted the rule is chosen:
full support alone does not show that a sentence answers the question, so the passage must also make the question likelier by
`LEAST_GAIN`. The gain compares two likelihoods of the same model for the same words, so it has the same meaning for every model:
at .45 the passage holds nearly half of what there is to know about the wording of the question. The price of a wrong choice is
small in both directions: all passages are read after all, or a supported answer comes from the best one instead of another.
Without a fitted bound no words are shown before the answer is complete and supported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.datatypes import Answerability, Gate, LikelihoodGate, ProbeGate, Sentence
from assistant.generation.answerability import log_odds
from assistant.generation.compound import split_question
from assistant.generation.token_matching import is_claimed
from assistant.text.statements import parse_statement

# The query-likelihood gain from which a finished answer with full support is accepted, if no bound was fitted to the model.
# Chosen before it was measured. With Qwen2.5-Coder-1.5B it accepts 18 of 37 answerable questions of the fitted half and loses no
# right answer; of 24 unanswerable ones it accepts none.
LEAST_GAIN = 0.45

SEVERAL = re.compile(
    r"\b(?:compar\w+|differ\w*|versus|vs|both|each|all|every|list|either|older|younger|earlier|later|longer|shorter|more|less|fewer|"
    r"higher|lower|larger|smaller|same|common|similar\w*|respectively|summar\w+|overview)\b"
    r"|比较|相比|区别|不同|差异|分别|各自|所有|全部|列出|哪些|共同|都是|都有|还是|更[大小多少高低早晚长短]|相同|总结|概述",
    re.IGNORECASE)

# questions whose answer cannot be made of their own words alone, as those with "or", "is it" and "which of the two" can
ASKS_FOR_MORE = re.compile(
    r"^\W*(?:(?:in|on|at|for|to|from|by|with|of)\s+)?(?:who|whom|whose|what|when|where|why|how)\b(?!.*\bor\b)"
    r"|谁|什么|哪里|何时|多少|几[个年月日]|为何", re.IGNORECASE)


def needs_several_passages(question: str) -> bool:
    """Return whether a question asks for more than one thing: two parts, a comparison or a list."""
    return bool(SEVERAL.search(question) or split_question(question))


def may_be_accepted(gate: Gate | None, judged: Answerability) -> bool:
    """Return whether an answer from the best passage alone may be accepted."""
    if isinstance(gate, ProbeGate):
        return reaches(judged, gate.least)
    return judged.query_likelihood_gain is not None and judged.query_likelihood_gain >= LEAST_GAIN


def is_certain(gate: Gate | None, judged: Answerability) -> bool:
    """Return whether an answer from the best passage alone is shown as it comes, once its first sentence has full support."""
    if isinstance(gate, ProbeGate):
        return reaches(judged, gate.certain)
    gain = judged.query_likelihood_gain
    return isinstance(gate, LikelihoodGate) and gain is not None and gain >= gate.certain_gain


def is_beyond_doubt(gate: Gate | None, judged: Answerability) -> bool:
    """Return whether the words of an answer from the best passage alone are shown as they come; never without a probe."""
    return isinstance(gate, ProbeGate) and reaches(judged, gate.undoubted)


def reaches(judged: Answerability, odds: float) -> bool:
    """Return whether the estimate gives at least these log-odds that the passages answer the question."""
    return judged.p_unanswerable is not None and -log_odds(judged.p_unanswerable) >= odds


def is_borne_out(sentences: Sequence[Sentence], question: str) -> bool:
    """Return whether every sentence of an answer, and at least one, stands in the passage, and one tells what is asked for."""
    return all(sentence.support == "full" for sentence in sentences) and any(
        tells_more(sentence.text, question) for sentence in sentences)


def tells_more(sentence: str, question: str) -> bool:
    """Return whether a sentence has a word that its question has not, or the question can be answered with its own words."""
    if not ASKS_FOR_MORE.search(question):
        return True
    asked = parse_statement(question)
    return any(not is_claimed(token, asked) for token in parse_statement(sentence).content)

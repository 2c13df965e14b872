"""Estimate the probability that the passages do not answer the question, with constants fitted to the chat model that answers.

A probe of the model's hidden state says, before a word is written, whether the passages answer the question. Beside it, or alone
where the probe cannot be read, stands the query-likelihood gain: how much likelier the chunks make the question (Ponte & Croft
1998; with a language model: Sachan et al. 2022), relative to its likelihood without chunks, so that rare words alone do not count
as unanswerable. Without a probe the model is also asked whether the chunks state its answer. A logistic regression combines them.

All constants are of one model (`Gate`). For a model without any there is no estimate: nothing is refused before the answer, and
the checks of the finished answer decide. The probability of the refusal as first token is reported but not used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.datatypes import (
    Answerability,
    Gate,
    LikelihoodGate,
    LikelihoodWeights,
    Message,
    ProbeGate,
    Reply,
    ScoredText,
)
from assistant.generation.prompt import NOT_STATED, VERIFY_REQUEST, Prompt, ReplyWriter, answerability_probe
from assistant.generation.untrusted_text import own_words, sanitize
from assistant.text.languages import language

YES = ("Yes", "yes", "YES", "是", "有")
NO = ("No", "no", "NO", "否", "不", "没有", "没")
EPSILON = 1e-6  # keeps log-odds finite
UNKNOWN_GAIN = 0.5  # if the question could not be scored


def gain_candidates(gate: Gate | None, prompt: Prompt, question: str) -> tuple[ScoredText, ...]:
    """Return the texts to score for the query-likelihood gain; an empty tuple if the gate does not need it."""
    return answerability_probe(prompt, question) if gate is not None and gate.measures_gain else ()


def language_offset(gate: Gate | None, question: str, prompt: Prompt) -> float:
    """Return the log-odds offset for the language of a question: for Chinese, and for another one than its best chunk has."""
    if gate is None:
        return 0.0
    asked = language(question)
    chinese = gate.chinese if asked == "zh" and isinstance(gate, ProbeGate) else 0.0
    same = prompt.passages and language(prompt.passages[0].chunk.text) == asked
    return chinese if same else chinese + gate.cross_language


def query_likelihood_gain(log_likelihoods: Sequence[float]) -> float | None:
    """Return 1 - log p(question | chunks) / log p(question), at least -1; 1 if the chunks fully determine the question.

    Return None without likelihoods.
    """
    if not log_likelihoods:
        return None
    given_chunks, without = log_likelihoods
    return max(-1.0, 1 - given_chunks / without) if without else UNKNOWN_GAIN


def verify_answer(chat: ReplyWriter, prompt: Prompt, question: str, answer: str) -> float:
    """Return p(Yes) / (p(Yes) + p(No)) when the model is asked whether the chunks state this answer; 0.5 for neither."""
    ask = own_words(VERIFY_REQUEST["zh" if language(question) == "zh" else "en"])
    reply = chat.reply([*prompt.messages, Message("assistant", sanitize(answer)), Message("user", ask)], 1)
    yes, no = (sum(reply.likelihood(word) for word in words) for words in (YES, NO))
    return yes / (yes + no) if yes + no > EPSILON else 0.5


@dataclass(frozen=True, slots=True)
class Signals:
    """What a gate makes of a prompt: log-odds that its passages do not answer the question, and the measured signals."""

    odds: float
    gain: float | None
    probe: float | None


def estimate_before(gate: Gate | None, reply: Reply, question: str, threshold: float, offset: float,
                    earlier: float = -math.inf) -> Answerability:
    """Return the answerability before the first token, without an estimate if there is no gate; evaluates the prompt.

    `earlier` is what the probe said of the best passage alone: one passage that answers the question is enough.
    """
    found = measure_signals(gate, reply, question, earlier) if gate else None
    if found is None:
        return Answerability(None, threshold)
    p_unanswerable = logistic(found.odds + offset)
    return Answerability(p_unanswerable, threshold, reply.likelihood(NOT_STATED), found.gain, probe=found.probe)


def measure_signals(gate: Gate, reply: Reply, question: str, earlier: float = -math.inf) -> Signals | None:
    """Return the signals of a prompt; None if there is no hidden state that the probe can read. Evaluates the prompt."""
    gain = query_likelihood_gain(reply.log_likelihoods()) if gate.measures_gain else None
    if isinstance(gate, LikelihoodGate):
        return Signals(likelihood_log_odds(gate.before, question, gain), gain, None)
    state = reply.hidden_state(gate.probe.layer)
    if state is None or len(state) + 1 != len(gate.probe.weights):
        return None
    probe = max(gate.probe.log_odds(state), earlier)
    return Signals(probe_log_odds(gate, gain, probe), gain, probe)


def probe_log_odds(gate: ProbeGate, gain: float | None, probe: float) -> float:
    """Return the log-odds that the files do not answer the question, from the probe and the query-likelihood gain."""
    weighted = gate.gain * (UNKNOWN_GAIN if gain is None else gain) if gate.gain else 0.0
    return gate.intercept - probe - weighted


def likelihood_log_odds(weights: LikelihoodWeights, question: str, gain: float | None) -> float:
    """Return the log-odds that the files do not answer the question, from the query-likelihood gain."""
    intercept = weights.intercept + (weights.chinese if language(question) == "zh" else 0.0)
    return intercept + weights.query_likelihood_gain * (UNKNOWN_GAIN if gain is None else gain)


def estimate_with_support(gate: ProbeGate, before: Answerability, *, supported: bool) -> Answerability:
    """Return the estimate of a model with a probe, with the support of the finished answer."""
    if before.p_unanswerable is None:
        return before
    odds = log_odds(before.p_unanswerable) + (0.0 if supported else gate.unsupported)
    return replace(before, p_unanswerable=logistic(odds))


def estimate_with_verification(gate: LikelihoodGate, before: Answerability, p_verified: float, question: str, offset: float, *,
                               supported: bool = False) -> Answerability:
    """Return the estimate with the verification of the finished answer, and whether passages fully support it."""
    verification = gate.after.p_verified * log_odds(p_verified) + (gate.supported if supported else 0.0)
    odds = likelihood_log_odds(gate.after, question, before.query_likelihood_gain) + verification + offset
    return replace(before, p_unanswerable=logistic(odds), p_verified=p_verified)


def is_decided(gate: Gate, estimate: Answerability) -> bool:
    """Return whether the estimate is farther from the threshold than the gate's margin; not if a gain could not be measured."""
    if estimate.p_unanswerable is None or (gate.measures_gain and estimate.query_likelihood_gain is None):
        return False
    return abs(log_odds(estimate.p_unanswerable) - log_odds(estimate.threshold)) > gate.margin


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability."""
    return math.log((probability + EPSILON) / (1 - probability + EPSILON))


def logistic(odds: float) -> float:
    """Return the probability for given log-odds."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))

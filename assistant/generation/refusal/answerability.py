"""What the model gives away before and after it answers in; the doubt, the probability that the files do not answer, out.

The first signal is how much likelier the passages make the question: where they hold its answer, they foretell more of it. This
is the query likelihood of information retrieval (Ponte & Croft 1998; with a language model: Sachan et al. 2022), set against
that without any passage, so that a question of rare words is not taken for one without an answer. The second is the probability
of Yes to whether the passages state this answer. They are joined by logistic regression. That of the agreed refusal as the first
word is told, and has no part in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.datatypes import ChatModel, Doubt, Message, Reply
from assistant.generation.injection.untrusted_text import own_words, sanitize
from assistant.generation.prompt import NOT_STATED, VERIFY_REQUEST, Prompt
from assistant.text.languages import language

YES = ("Yes", "yes", "YES", "是", "有")
NO = ("No", "no", "NO", "否", "不", "没有", "没")
EPSILON = 1e-6  # keeps the logarithm of odds within bounds
# Logarithm of odds: so far from the border the question after the answer is not asked, and words come as they are written. Of
# the fitted half that is so for 5 in 10 of the answerable questions; asked of all, it refuses 7 of 19 of rgb reject, not 5.
DECIDED_MARGIN = 0.9


@dataclass(frozen=True, slots=True)
class AnswerabilityWeights:
    """Of a regression: the constant, what is added for a Chinese question, and one for each signal."""

    constant: float
    chinese: float
    foretold: float
    after: float = 0.0


# With Qwen2.5-Coder-1.5B, the passages as version 6 of the prompt has them, by 130 questions of SQuAD 2.0, CMRC 2018, RGB and
# HotpotQA (the half "fit" by the hash of their ids): between what a regression gives in which each set, language and sort weighs
# the same, and equal parts for both signals; the constants so that about one in ten answerable questions is refused. Area under
# the curve for both together .76 (English .66, Chinese .86); see docs/benchmarks.md.
WEIGHTS_BEFORE = AnswerabilityWeights(0.8, 0.0, -3.0)
WEIGHTS = AnswerabilityWeights(1.35, 0.5, -1.25, -1.35)
# Passages in another language foretell less of a question (mean .25, 16 answerable questions of XQuAD, where the same language
# has .5 to .65): without it most of those are refused.
CROSS_LANGUAGE = -1.0
UNKNOWN_GAIN = 0.5  # of a question that could not be weighed


def foreign_offset(question: str, prompt: Prompt) -> float:
    """Return what a question in another language than its best passage adds: the model is less sure of all of these."""
    known = prompt.passages and language(prompt.passages[0].chunk.text) == language(question)
    return 0.0 if known else CROSS_LANGUAGE


def query_likelihood_gain(log_likelihoods: Sequence[float]) -> float:
    """Return how much of a question passages foretell, by the logarithms of its probability with them and without any.

    It is the mutual information of the two as a share of the question's own: 1 for all of it, 0 for nothing.
    """
    with_them, without = log_likelihoods
    return max(-1.0, 1 - with_them / without) if without else UNKNOWN_GAIN


def check_after(chat: ChatModel, prompt: Prompt, question: str, answer: str) -> float:
    """Return the share (0 to 1) of Yes in the model's answer to whether the passages state this answer."""
    ask = own_words(VERIFY_REQUEST["zh" if language(question) == "zh" else "en"])
    reply = chat.reply([*prompt.messages, Message("assistant", sanitize(answer)), Message("user", ask)], 1)
    return yes_share(reply.likelihood)


def yes_share(likelihood: Callable[[str], float]) -> float:
    """Return how much of Yes and No together Yes has; one half where the model says neither."""
    yes, no = (sum(likelihood(word) for word in words) for words in (YES, NO))
    return yes / (yes + no) if yes + no > EPSILON else 0.5


def doubt_before(reply: Reply, question: str, most: float, offset: float) -> Doubt:
    """Return the doubt as far as it is known before the first word, by what was supposed; reads the prompt."""
    known = query_likelihood_gain(reply.log_likelihoods())
    share = logistic(unanswerable_log_odds(WEIGHTS_BEFORE, question, known) + offset)
    return Doubt(share, most, reply.likelihood(NOT_STATED), known)


def doubt_after(known: Doubt, after: float, question: str, offset: float) -> Doubt:
    """Return the doubt when the answer is there."""
    odds = unanswerable_log_odds(WEIGHTS, question, known.foretold) + WEIGHTS.after * log_odds(after) + offset
    return replace(known, share=logistic(odds), after=after)


def unanswerable_log_odds(weights: AnswerabilityWeights, question: str, known: float) -> float:
    """Return the logarithm of the odds that the files do not answer, from what is known before the answer."""
    constant = weights.constant + (weights.chinese if language(question) == "zh" else 0.0)
    return constant + weights.foretold * known


def is_clear(doubt: Doubt) -> bool:
    """Return whether the doubt is so far from the most that is allowed that the question afterwards can be saved."""
    return abs(log_odds(doubt.share) - log_odds(doubt.most)) > DECIDED_MARGIN


def log_odds(share: float) -> float:
    """Return the logarithm of the odds of a probability."""
    return math.log((share + EPSILON) / (1 - share + EPSILON))


def logistic(odds: float) -> float:
    """Return the probability that has these logarithmic odds."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))

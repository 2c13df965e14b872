"""What the model gives away before and after it answers in; the doubt, the probability that the files do not answer, out.

The two signals are the probability of Yes to whether the passages state an answer, asked before, and to whether they state this
answer, asked after. They are joined by logistic regression. That of the agreed refusal as the first word is told, and has no
part in it: beside these two its weight came out as nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.answer.language import language
from assistant.answer.prompt import AFTER, BEFORE, NOT_STATED, Prompt
from assistant.datatypes import ChatModel, Doubt, Message, Reply

YES = ("Yes", "yes", "YES", "是", "有")
NO = ("No", "no", "NO", "否", "不", "没有", "没")
LEAST = 1e-6  # keeps the logarithm of odds within bounds
# Logarithm of odds: so far from the border the question after the answer is not asked, and words come as they are written. Of
# 52 questions of the half that the weights come from, as many were refused on either side with 3.0, 1.0 and 0.6.
SURE = 0.6


@dataclass(frozen=True, slots=True)
class Weights:
    """Of a regression on logarithms of odds: the constant, what is added for a Chinese question, and one for each signal."""

    constant: float
    chinese: float
    before: float
    after: float = 0.0


# Fitted with Qwen2.5-Coder-1.5B, the passages as version 2 of the prompt had them, to half (48) of 107 questions of SQuAD 2.0,
# CMRC 2018, RGB and HotpotQA, drawn by the hash of their ids; each set and language, and in it both sorts, weigh the same; a
# ridge of 2. On the other half: area under the curve .84 before and .80 after the answer; see docs/benchmarks.md.
WEIGHTS_BEFORE = Weights(0.79, 1.97, -0.72)
WEIGHTS = Weights(1.43, 2.02, -0.55, -1.58)
# Of 7 answerable questions of XQuAD with passages in the other language (Chinese, English) 5 were refused without it, 1 is
# with it; how many unanswerable ones that lets through was not measured.
FOREIGN = -0.7


def foreign_offset(question: str, prompt: Prompt) -> float:
    """Return what a question in another language than its best passage adds: the model is less sure of all of these."""
    known = prompt.passages and language(prompt.passages[0].chunk.text) == language(question)
    return 0.0 if known else FOREIGN


def check_before(chat: ChatModel, prompt: Prompt, question: str) -> float:
    """Return the share (0 to 1) of Yes in the model's answer to whether the passages state an answer to the question."""
    ask = BEFORE["zh" if language(question) == "zh" else "en"] + question
    return share_of_yes(chat, prompt.asking(ask))


def check_after(chat: ChatModel, prompt: Prompt, question: str, answer: str) -> float:
    """Return the share (0 to 1) of Yes in the model's answer to whether the passages state this answer."""
    ask = AFTER["zh" if language(question) == "zh" else "en"]
    return share_of_yes(chat, [*prompt.messages, Message("assistant", answer), Message("user", ask)])


def share_of_yes(chat: ChatModel, messages: Sequence[Message]) -> float:
    """Return how much of Yes and No together Yes has; one half where the model says neither."""
    reply = chat.reply(tuple(messages), 1)
    yes, no = (sum(reply.likelihood(word) for word in words) for words in (YES, NO))
    return yes / (yes + no) if yes + no > LEAST else 0.5


def doubt_before(reply: Reply, before: float, question: str, most: float, offset: float) -> Doubt:
    """Return the doubt as far as it is known before the first word; reads the prompt."""
    unstated = reply.likelihood(NOT_STATED)
    share = logistic(weighed(WEIGHTS_BEFORE, question, before) + offset)
    return Doubt(share, most, unstated, before)


def doubt_after(known: Doubt, after: float, question: str, offset: float) -> Doubt:
    """Return the doubt when the answer is there."""
    odds = weighed(WEIGHTS, question, known.before) + WEIGHTS.after * log_odds(after) + offset
    return replace(known, share=logistic(odds), after=after)


def weighed(weights: Weights, question: str, before: float) -> float:
    """Return the logarithm of the odds that the files do not answer, from what is known before the answer."""
    constant = weights.constant + (weights.chinese if language(question) == "zh" else 0.0)
    return constant + weights.before * log_odds(before)


def is_clear(doubt: Doubt) -> bool:
    """Return whether the doubt is so far from the most that is allowed that the question afterwards can be saved."""
    return abs(log_odds(doubt.share) - log_odds(doubt.most)) > SURE


def log_odds(share: float) -> float:
    """Return the logarithm of the odds of a probability."""
    return math.log((share + LEAST) / (1 - share + LEAST))


def logistic(odds: float) -> float:
    """Return the probability that has these logarithmic odds."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))

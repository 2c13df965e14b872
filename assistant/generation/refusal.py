"""Decide whether the files answer the question: recognize refusals, and estimate the probability that it is unanswerable.

For a model with a probe of its hidden states, the probe and the query-likelihood gain say how likely it is that the chunks
answer the question, before a word is written. For other models the first signal is the query-likelihood gain alone: how much
likelier the chunks make the question (Ponte & Croft 1998; with a language model: Sachan et al. 2022), relative to its likelihood
without chunks, so that rare words alone do not count as unanswerable. The second is the probability of Yes when the model is
asked whether the chunks state the answer. A logistic regression combines them. The probability of the refusal as first token is
reported but not used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.datatypes import Answerability, Message, Reply
from assistant.generation.prompt import NOT_STATED, VERIFY_REQUEST, Prompt, ReplyWriter
from assistant.generation.untrusted_text import own_words, sanitize
from assistant.text.languages import language

NOUN = r"(?:passages?|files?|documents?|texts?|information|context|sources?)"
SUBJECT = rf"(?:the |your |these |this |any of the |provided |given |supplied |above |available )*{NOUN}"
HOW = r"(?:directly |explicitly |specifically |clearly )?"
SAY = r"(?:say|state|mention|specify|indicate|answer|explain|tell)s?"
TOPIC = r"(?:any |the |an |enough |sufficient |specific |relevant )*(?:information|answer|details?|mention|data)"

# what may precede a refusal: a citation marker, a label, an apology, a reference to the source
PREAMBLE = re.compile(
    rf"^(?:\[\d+\]|\W|answer:|unfortunately,?|(?:i'm |i am )?sorry,?(?: but)?|however,"
    rf"|(?:based on|according to|from) {SUBJECT}(?: provided| given)?,?"
    r"|抱歉|对不起|很遗憾|答案?：|回答：)+",
    re.IGNORECASE,
)
# a refusal at the beginning of the reply
REFUSAL_OPENING = re.compile(
    rf"(?:{NOT_STATED}"
    rf"|{SUBJECT}(?: provided| given)? (?:do(?:es)? not|don't|doesn't) {HOW}(?:{SAY}|(?:contain|provide|include|give) {TOPIC})"
    rf"|{SUBJECT}(?: provided| given)? (?:contain|provide|include|give)s? no {TOPIC}"
    rf"|none of {SUBJECT} {HOW}{SAY}"
    rf"|there(?: is|'s) no {TOPIC}|no (?:information|mention|answer) (?:is|was|about|on|of|regarding|can be found)"
    r"|i (?:do not|don't) (?:know|have)"
    r"|i (?:cannot|can't|could not|am unable to|was unable to) (?:answer|find|determine|tell|say)"
    r"|(?:根据|在|从)?(?:您|你)?(?:所?提供的|给出的|上述|以上|这些|现有)?(?:资料|文件|文档|段落|文本|信息|内容|上下文|文|材料)(?:中|里)?[，,]?"
    r"(?:均|并|都)?(?:没有|未|无)(?:明确|直接|具体)?(?:说明|提到|提及|提供|给出|指出|包含|涉及|记载|回答|相关|答案)"
    r"|(?:均|并|都)?(?:没有|未)(?:明确|直接|具体)?(?:说明|提到|提及|提供|给出|指出|找到)|没有(?:相关|答案)|无法(?:回答|确定|得知|判断)|不知道"
    r"|資料に(?:は)?記載|記載(?:が|は|されて)?(?:あり|い)ません)",
    re.IGNORECASE,
)
# anywhere in a sentence
REFUSAL_WITHIN = re.compile(
    rf"\b{NOT_STATED}\b"
    rf"|\b(?:is|are|was|were) not {HOW}(?:(?:stated|mentioned|specified|provided|given|found) )?(?:in|by|within) {SUBJECT}"
    rf"|\bnicht (?:in den (?:Dateien|Texten|Passagen) )?(?:angegeben|erwähnt|genannt)\b",
    re.IGNORECASE,
)
MAX_OPENING = 80  # characters within which a refusal is recognizable
REFUSAL_PREFIXES = (
    NOT_STATED.lower(), "answer:", "unfortunately", "sorry", "i'm sorry", "based on", "according to", "from the", "none of",
    "the passage", "the file", "the document", "the provided", "the given", "the text", "the information", "the context",
    "the answer is not", "the available", "your files", "these ", "this ", "passages", "there is no", "there's no", "no ",
    "not ", "i ", "it is not", "provided", "根据", "在", "从", "所提供", "提供的", "给出的", "上述", "以上", "这些", "现有",
    "资料", "文件", "文档", "段落", "文中", "没有", "未", "无法", "不知道", "抱歉", "对不起", "很遗憾",
)
YES = ("Yes", "yes", "YES", "是", "有")
NO = ("No", "no", "NO", "否", "不", "没有", "没")
EPSILON = 1e-6  # keeps log-odds finite
# Log-odds: at this distance from the threshold the answer is not verified and is streamed at once. On the fitted half this holds
# for 5 in 10 answerable questions; verifying all answers refuses 7 of 19 of "rgb reject" instead of 5.
DECIDED_MARGIN = 0.9
# Chunks in another language have a lower query-likelihood gain (mean .25 on 16 answerable questions of XQuAD; .5 to .65 in the
# same language): without this offset most such questions are refused.
CROSS_LANGUAGE = -1.0
UNKNOWN_GAIN = 0.5  # if the question could not be scored
# The weight of the query-likelihood gain beside the log-odds of a probe: rounded from a logistic regression on 468 training
# questions of SQuAD 2.0 and CMRC 2018, each scored by a probe that had not seen its document (gain 1.54, probe 1.06). With the
# intercept, an even chance refuses one in ten of the answerable ones of SQuAD 2.0.
PROBED_INTERCEPT, PROBED_GAIN = -0.25, 1.5


@dataclass(frozen=True, slots=True)
class AnswerabilityWeights:
    """Weights of the logistic regression: intercept, addition for a Chinese question, and one weight for each signal."""

    intercept: float
    chinese: float
    query_likelihood_gain: float
    p_verified: float = 0.0


# Fitted with Qwen2.5-Coder-1.5B and prompt version 6 on 130 questions of SQuAD 2.0, CMRC 2018, RGB and HotpotQA (the half "fit"
# by the hash of their ids): the mean of a regression with equal weight per data set, language and kind, and of equal weights for
# both signals; the intercepts refuse about one in ten answerable questions. Area under the ROC curve .76 (English .66,
# Chinese .86); see docs/benchmarks.md.
# A draft whose every fact stands in one unit of a passage. Chosen, not fitted, so that it holds for every model: it makes "not
# answerable" half as likely.
SUPPORTED = -math.log(2)
# With a probe, full support says little more: 39 of 45 drafts to answerable training questions had it, and 16 of 24 to
# unanswerable ones. A draft without it makes "not answerable" twice as likely.
UNSUPPORTED = math.log(2)
WEIGHTS_BEFORE = AnswerabilityWeights(0.8, 0.0, -3.0)
WEIGHTS = AnswerabilityWeights(1.35, 0.5, -1.25, -1.35)


def is_refusal(text: str) -> bool:
    """Return whether the reply begins with a refusal."""
    core = strip_preamble(text)
    first = re.split(r"(?<=[.!?。！？])\s|\n", core, maxsplit=1)[0]
    return bool(REFUSAL_OPENING.match(core) or REFUSAL_WITHIN.search(first))


def is_empty(text: str) -> bool:
    """Return whether the reply has no word and no number besides citation markers."""
    return not strip_preamble(text)


def contains_refusal(text: str) -> bool:
    """Return whether any sentence of the text is a refusal."""
    return any(is_refusal(sentence) for sentence in re.split(r"(?<=[.!?。！？])\s*|\n", text) if sentence.strip())


def strip_preamble(text: str) -> str:
    """Return the reply without a preamble: citation marker, label, apology, "according to ..."."""
    return PREAMBLE.sub("", text.replace("’", "'").strip())


def may_become_refusal(text: str) -> bool:
    """Return whether a beginning this short could still become a refusal."""
    start = strip_preamble(text).lower()
    if len(start) >= MAX_OPENING or re.search(r"[.。!！?？\n]", start):
        return False
    return any(start.startswith(opening) or opening.startswith(start) for opening in REFUSAL_PREFIXES)


def cross_language_offset(question: str, prompt: Prompt) -> float:
    """Return the log-odds offset for a question in another language than its best chunk; 0 for the same language."""
    same = prompt.passages and language(prompt.passages[0].chunk.text) == language(question)
    return 0.0 if same else CROSS_LANGUAGE


def query_likelihood_gain(log_likelihoods: Sequence[float]) -> float | None:
    """Return 1 - log p(question | chunks) / log p(question), at least -1; 1 if the chunks fully determine the question.

    Return None without likelihoods.
    """
    if not log_likelihoods:
        return None
    given_chunks, without = log_likelihoods
    return max(-1.0, 1 - given_chunks / without) if without else UNKNOWN_GAIN


def verify_answer(chat: ReplyWriter, prompt: Prompt, question: str, answer: str) -> float | None:
    """Return p(Yes) / (p(Yes) + p(No)) when the model is asked whether the chunks state this answer; 0.5 for neither.

    Return None if the model's server gives no probabilities.
    """
    ask = own_words(VERIFY_REQUEST["zh" if language(question) == "zh" else "en"])
    reply = chat.reply([*prompt.messages, Message("assistant", sanitize(answer)), Message("user", ask)], 1)
    if not reply.gives_likelihoods:
        return None
    yes, no = (sum(reply.likelihood(word) for word in words) for words in (YES, NO))
    return yes / (yes + no) if yes + no > EPSILON else 0.5


def answerability_before(reply: Reply, question: str, threshold: float, offset: float,
                         earlier: float = -math.inf) -> Answerability:
    """Return the answerability estimate before the first token, from the candidate likelihoods; evaluates the prompt.

    `earlier` is what the probe said of the best passage alone: one passage that answers the question is enough.
    """
    gain, probe = query_likelihood_gain(reply.log_likelihoods()), reply.answerable()
    probe = None if probe is None else max(probe, earlier)
    odds = log_odds_before(question, gain, probe)
    return Answerability(logistic(odds + offset), threshold, reply.likelihood(NOT_STATED), gain, probe=probe)


def log_odds_before(question: str, gain: float | None, probe: float | None) -> float:
    """Return the log-odds that the files do not answer the question, from the signals before the answer."""
    if probe is None:
        return unanswerable_log_odds(WEIGHTS_BEFORE, question, gain)
    return PROBED_INTERCEPT - probe - PROBED_GAIN * (UNKNOWN_GAIN if gain is None else gain)


def answerability_probed(before: Answerability, *, supported: bool) -> Answerability:
    """Return the answerability estimate of a model with a probe, with the support of the finished answer."""
    odds = log_odds(before.p_unanswerable) + (0.0 if supported else UNSUPPORTED)
    return replace(before, p_unanswerable=logistic(odds))


def answerability_after(before: Answerability, p_verified: float, question: str, offset: float, *,
                        supported: bool = False) -> Answerability:
    """Return the answerability estimate with the verification of the finished answer, and whether passages fully support it."""
    verification = WEIGHTS.p_verified * log_odds(p_verified) + (SUPPORTED if supported else 0.0)
    odds = unanswerable_log_odds(WEIGHTS, question, before.query_likelihood_gain) + verification + offset
    return replace(before, p_unanswerable=logistic(odds), p_verified=p_verified)


def unanswerable_log_odds(weights: AnswerabilityWeights, question: str, gain: float | None) -> float:
    """Return the log-odds that the files do not answer the question, from the query-likelihood gain."""
    intercept = weights.intercept + (weights.chinese if language(question) == "zh" else 0.0)
    return intercept + weights.query_likelihood_gain * (UNKNOWN_GAIN if gain is None else gain)


def is_decided(estimate: Answerability) -> bool:
    """Return whether the estimate is so far from the threshold that the answer need not be verified; not without a gain."""
    margin = abs(log_odds(estimate.p_unanswerable) - log_odds(estimate.threshold))
    return estimate.query_likelihood_gain is not None and margin > DECIDED_MARGIN


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability."""
    return math.log((probability + EPSILON) / (1 - probability + EPSILON))


def logistic(odds: float) -> float:
    """Return the probability for given log-odds."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))

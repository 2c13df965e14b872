"""Decide whether an answer from the best passage alone is accepted, or the other passages are read too.

Most questions need one passage, and reading is what a person waits for. An answer from the best passage is accepted if it is not
a refusal, the passage makes the question likelier by a margin, and every sentence stands in the passage. Otherwise the question
is answered from all passages as if the best one had not been read alone, with its KV state where the prompts agree. How sure the
model must be is a matter of its probe, or for a model without one of the query-likelihood gain.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from assistant.datatypes import Answerability, Sentence
from assistant.generation.compound import split_question
from assistant.generation.refusal import log_odds

# The query-likelihood gain from which a finished answer with full support is accepted. Chosen before it was measured: on 37
# answerable questions of the fitted half it accepts 18 and loses no right answer; of 24 unanswerable ones it accepts none.
LEAST_GAIN = 0.45
# The gain from which the words are shown as they come once the first sentence has full support: that from which an answer from
# all passages is shown, at the refusal threshold as shipped. It does not follow the threshold, which says nothing of one passage
# against all.
CERTAIN_GAIN = 0.567

# The log-odds that the best passage answers the question, by the probe and the gain, from which an answer with full support is
# accepted, from which it is shown as soon as its first sentence has it, and from which its words are shown as they come. Of
# training questions of SQuAD 2.0 that the probe was not fitted to, .67 of the answerable and .25 of the unanswerable ones reach
# the first (of CMRC .79 and none), .47 and .09 the second (.75 and none), .22 and .02 the third (.75 and none).
LEAST_LOG_ODDS = 1.05
CERTAIN_LOG_ODDS = 1.75
OPEN_LOG_ODDS = 2.25

SEVERAL = re.compile(
    r"\b(?:compar\w+|differ\w*|versus|vs|both|each|all|every|list|either|older|younger|earlier|later|longer|shorter|more|less|fewer|"
    r"higher|lower|larger|smaller|same|common|similar\w*|respectively|summar\w+|overview)\b"
    r"|比较|相比|区别|不同|差异|分别|各自|所有|全部|列出|哪些|共同|都是|都有|还是|更[大小多少高低早晚长短]|相同|总结|概述",
    re.IGNORECASE)


def needs_several_passages(question: str) -> bool:
    """Return whether a question asks for more than one thing: two parts, a comparison or a list."""
    return bool(SEVERAL.search(question) or split_question(question))


def may_be_accepted(judged: Answerability | None) -> bool:
    """Return whether an answer from the best passage alone may be accepted."""
    return exceeds(judged, LEAST_LOG_ODDS, LEAST_GAIN)


def is_certain(judged: Answerability | None) -> bool:
    """Return whether an answer from the best passage alone is shown as it comes, once its first sentence has full support."""
    return exceeds(judged, CERTAIN_LOG_ODDS, CERTAIN_GAIN)


def is_beyond_doubt(judged: Answerability | None) -> bool:
    """Return whether the words of an answer from the best passage alone are shown as they come; never without a probe."""
    return exceeds(judged, OPEN_LOG_ODDS, math.inf)


def exceeds(judged: Answerability | None, odds: float, gain: float) -> bool:
    """Return whether an estimate reaches so high log-odds, or for a model without a probe so high a query-likelihood gain."""
    if judged is None or judged.query_likelihood_gain is None:
        return False
    if judged.probe is None:
        return judged.query_likelihood_gain >= gain
    return -log_odds(judged.p_unanswerable) >= odds


def is_borne_out(sentences: Sequence[Sentence]) -> bool:
    """Return whether every sentence of an answer, and at least one, stands in the passage."""
    return bool(sentences) and all(sentence.support == "full" for sentence in sentences)

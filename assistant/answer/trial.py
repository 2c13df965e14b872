"""A passage in, a question that it answers out; and the doubts about such questions in, what a library adds to them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answer.doubt import WEIGHTS_BEFORE, foretold, log_odds, logistic, weighed
from assistant.answer.prompt import MAKE, Prompt, foretelling
from assistant.answer.terms import terms
from assistant.answer.untrusted import fenced, joined, own_words
from assistant.datatypes import Calibration, ChatModel, Chunk, Message
from assistant.text.languages import language

QUESTION_TOKENS = 48
SHORTEST, LONGEST = 8, 200  # characters of a question
FEWEST_SHARED = 2  # words that a question must have from its passage
SPREAD = 2.0  # standard deviation of the offsets that are expected, in logarithms of odds
STEPS = 50
# A passage foretells more of a question that the model wrote about it than of one that a person asked: .70, not .46 (SQuAD 2.0,
# Qwen2.5-Coder-1.5B, 11 and 49 questions). So much more doubt, in logarithms of odds, makes up for that.
OWN_WORDS = 0.72


@dataclass(frozen=True, slots=True)
class Trial:
    """The logarithms of the odds of doubt about one question: with the passages found, and without the file that it is from.

    The first as if a person had asked: with `OWN_WORDS` added.
    """

    question: str
    answered: float
    held_out: float


def write_question(chat: ChatModel, chunk: Chunk) -> str:
    """Return a question that the model wrote about a passage; nothing where it wrote none that makes sense."""
    wish = own_words(MAKE["zh" if language(chunk.text) == "zh" else "en"])
    reply = chat.reply((Message("user", joined("\n\n", (fenced(chunk.searchable), wish))),), QUESTION_TOKENS)
    question = "".join(reply).strip().split("\n")[0].strip()
    shared = terms(question) & terms(chunk.searchable)
    good = question.endswith(("?", "？")) and SHORTEST <= len(question) <= LONGEST and len(shared) >= FEWEST_SHARED
    return question if good else ""


def odds_of_doubt(chat: ChatModel, prompt: Prompt, question: str) -> float:
    """Return the logarithm of the odds of the doubt before an answer, without any offset."""
    reply = chat.reply(prompt.messages, 1, foretelling(prompt, question))
    return weighed(WEIGHTS_BEFORE, question, foretold(reply.log_likelihoods()))


def fit_offset(trials: Sequence[Trial]) -> float:
    """Return what makes the doubts of the trials likeliest, by Newton's method, drawn towards 0 where there are few trials."""
    offset = 0.0
    for _ in range(STEPS):
        shares = [(logistic(trial.held_out + offset), 1.0) for trial in trials]
        shares += [(logistic(trial.answered + offset), 0.0) for trial in trials]
        slope = sum(share - truth for share, truth in shares) + offset / SPREAD**2
        bend = sum(share * (1 - share) for share, _ in shares) + 1 / SPREAD**2
        offset -= max(-1.0, min(1.0, slope / bend))
    return offset


def calibration(trials: Sequence[Trial], most: float) -> Calibration:
    """Return the offset that fits the trials, and the shares of both sorts of questions that are refused with it."""
    offset, border = fit_offset(trials), log_odds(most)

    def refused(odds: Sequence[float], added: float) -> float:
        return sum(each + added > border for each in odds) / len(odds) if odds else 0.0

    answered, held_out = [trial.answered for trial in trials], [trial.held_out for trial in trials]
    return Calibration(len(trials), offset, most, (refused(answered, 0.0), refused(answered, offset)),
                       (refused(held_out, 0.0), refused(held_out, offset)))

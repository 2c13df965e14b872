"""Hits -> answer: the prompt, the reply as it streams, its citations, and when to say that the files do not say."""

from assistant.answer.disputed import DisputedStream
from assistant.answer.drafting import draft_question
from assistant.answer.prompt import PROMPT_VERSION, Prompt, alone, compose, said_before
from assistant.answer.stream import AnswerStream, Limits
from assistant.answer.talk.about import about
from assistant.answer.talk.by_model import reworded
from assistant.answer.talk.nouns import Leaning, Rewriting
from assistant.answer.talk.retelling import RetellingStream
from assistant.answer.talk.rewriting import rewrite, topical
from assistant.answer.terms import terms
from assistant.answer.trial import OWN_WORDS, Trial, calibration, odds_of_doubt, write_question

__all__ = [
    "OWN_WORDS", "PROMPT_VERSION", "AnswerStream", "DisputedStream", "Leaning", "Limits", "Prompt", "RetellingStream",
    "Rewriting", "Trial", "about", "alone", "calibration", "compose", "draft_question", "odds_of_doubt", "reworded", "rewrite",
    "said_before", "terms", "topical", "write_question",
]

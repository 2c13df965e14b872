"""Generate an answer from retrieved hits: prompt, streamed reply, citations, refusal, conversation."""

from assistant.generation.conflicts.detect import add_conflicts, conflicts
from assistant.generation.conversation.entities import Leaning, Rewriting
from assistant.generation.conversation.follow_ups import reworded, rewrite, topical
from assistant.generation.conversation.meta_questions import RetellingStream, about
from assistant.generation.prompt import PROMPT_VERSION, Prompt, compose, said_before
from assistant.generation.question_writer import OWN_WORDS, Trial, calibration, draft_question, odds_of_doubt, write_question
from assistant.generation.stream import AnswerStream, Limits, refused
from assistant.text.stems import terms

__all__ = [
    "OWN_WORDS", "PROMPT_VERSION", "AnswerStream", "Leaning", "Limits", "Prompt", "RetellingStream", "Rewriting", "Trial",
    "about", "add_conflicts", "calibration", "compose", "conflicts", "draft_question", "odds_of_doubt", "refused",
    "reworded", "rewrite", "said_before", "terms", "topical", "write_question",
]

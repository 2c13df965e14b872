"""Generate an answer from retrieved hits: prompt, streamed reply, citations, refusal, conversation."""

from assistant.generation.conflicts import add_conflicts, find_conflicts
from assistant.generation.conversation.entities import FollowUpKind, Rewriting
from assistant.generation.conversation.follow_ups import rewrite, rewrite_with_model, turns_about_files
from assistant.generation.conversation.meta_questions import MetaAnswerStream, detect_meta_question
from assistant.generation.prompt import PROMPT_VERSION, Prompt, compose, history_messages
from assistant.generation.question_writer import (
    GENERATED_QUESTION_OFFSET,
    CalibrationTrial,
    draft_question,
    fit_calibration,
    question_log_odds,
    write_question,
)
from assistant.generation.stream import AnswerStream, Limits, refuse_without_evidence

__all__ = ["GENERATED_QUESTION_OFFSET", "PROMPT_VERSION", "AnswerStream", "CalibrationTrial", "FollowUpKind", "Limits",
           "MetaAnswerStream", "Prompt", "Rewriting", "add_conflicts", "compose", "detect_meta_question", "draft_question",
           "find_conflicts", "fit_calibration", "history_messages", "question_log_odds", "refuse_without_evidence", "rewrite",
           "rewrite_with_model", "turns_about_files", "write_question"]

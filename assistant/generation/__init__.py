"""Generate an answer from retrieved hits: prompt, streamed reply, citations, refusal, conversation."""

from assistant.generation.aggregation import needs_all_rows, tables_named
from assistant.generation.cascade import needs_several_passages
from assistant.generation.conflicts import FileDate, add_conflicts, find_conflicts
from assistant.generation.conversation.entities import FollowUpKind, Rewriting
from assistant.generation.conversation.follow_ups import rewrite, rewrite_with_model, turns_about_files
from assistant.generation.conversation.meta_questions import MetaAnswerStream, detect_meta_question
from assistant.generation.conversation.small_talk import SmallTalkStream, detect_small_talk
from assistant.generation.extraction import likely_sentences
from assistant.generation.prompt import (
    NO_PROMPT,
    PROMPT_VERSION,
    Prompt,
    compose,
    history_messages,
    prompt_of_passage,
    refusal_text,
)
from assistant.generation.question_writer import (
    GENERATED_QUESTION_OFFSET,
    CalibrationTrial,
    draft_question,
    fit_calibration,
    question_log_odds,
    write_question,
)
from assistant.generation.stream import AnswerStream, Limits, may_be_read_alone, refuse_to_compute, refuse_without_evidence

__all__ = ["GENERATED_QUESTION_OFFSET", "NO_PROMPT", "PROMPT_VERSION", "AnswerStream", "CalibrationTrial", "FileDate",
           "FollowUpKind", "Limits", "MetaAnswerStream", "Prompt", "Rewriting", "SmallTalkStream", "add_conflicts", "compose",
           "detect_meta_question", "detect_small_talk", "draft_question", "find_conflicts", "fit_calibration",
           "history_messages", "likely_sentences", "may_be_read_alone", "needs_all_rows", "needs_several_passages",
           "prompt_of_passage", "question_log_odds", "refusal_text", "refuse_to_compute", "refuse_without_evidence", "rewrite",
           "rewrite_with_model", "tables_named", "turns_about_files", "write_question"]

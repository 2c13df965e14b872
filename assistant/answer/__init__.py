"""Hits -> answer: the prompt, the reply as it streams, its citations, and when to say that the files do not say."""

from assistant.answer.converse import Turn, standalone
from assistant.answer.prompt import PROMPT_VERSION, Prompt, compose
from assistant.answer.stream import AnswerStream

__all__ = ["PROMPT_VERSION", "AnswerStream", "Prompt", "Turn", "compose", "standalone"]

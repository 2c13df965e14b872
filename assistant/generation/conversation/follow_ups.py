"""Rewrite a follow-up question into a standalone search query, by rule and optionally with the chat model.

An ellipsis ("and in 2023?", "那违约金呢？") becomes the last question with one constituent substituted (Dalrymple, Shieber and
Pereira 1991); a pronoun is replaced by a name or the topic of the last turn. If the rules cannot decide what to substitute,
each reading becomes a query.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from assistant.datatypes import CITED, ChatModel, Message, Turn
from assistant.errors import ContextOverflow
from assistant.generation.conversation import rules_en, rules_zh
from assistant.generation.conversation.entities import Rewriting, entities
from assistant.generation.untrusted_text import fill_template, own_words, sanitize
from assistant.text.languages import language
from assistant.text.sentences import digit_strings, tokens
from assistant.text.stems import stem

REWRITE_TOKENS = 40
SPARE = 24  # characters by which a rewriting may exceed the two questions
LONGEST_ANSWER = 300  # characters of an earlier answer
REWRITE = """You make follow-up questions stand alone. Reply with the follow-up as one complete question that can be understood \
without the conversation. Keep its language, its names and its numbers. Never answer it."""
EXAMPLES = (
    ("Question: How long is the warranty of the dishwasher?\nAnswer: Two years.\nFollow-up: And the oven?",
     "How long is the warranty of the oven?"),
    ("Question: 张经理的电话是多少？\nAnswer: 分机 8021。\nFollow-up: 那李主任呢？", "李主任的电话是多少？"),
)


def turns_about_files(turns: Sequence[Turn]) -> list[Turn]:
    """Return the turns about files, without those about the conversation itself."""
    return [turn for turn in turns if not any(cited.kind == "turn" for cited in turn.citations)]


def rewrite(question: str, turns: Sequence[Turn]) -> Rewriting:
    """Return the search queries for a question by rule; the question itself if it stands alone."""
    asked = " ".join(question.split())
    about_files = turns_about_files(turns)
    if not about_files:
        return Rewriting((asked,))
    last = about_files[-1]
    if language(asked) == "zh":
        return rules_zh.rewrite_zh(asked, last)
    return rules_en.rewrite_en(asked, last)


def rewrite_with_model(chat: ChatModel, question: str, last: Turn, by_rule: Rewriting, timeout: float) -> Rewriting:
    """Return the model's rewriting followed by the first query of the rules; the rules' alone if the model's is not faithful."""
    rewritten = generate_rewrite(chat, question, last, timeout)
    if not is_faithful(rewritten, question, last):
        return by_rule
    return replace(by_rule, queries=tuple(dict.fromkeys((rewritten, *by_rule.queries[:1]))), confident=True)


def generate_rewrite(chat: ChatModel, question: str, last: Turn, timeout: float) -> str:
    """Return the first line of the model's reply; an empty string on timeout or context overflow."""
    deadline = time.monotonic() + timeout
    rewritten = ""
    try:
        for piece in chat.reply(rewrite_messages(question, last), REWRITE_TOKENS):
            rewritten += piece
            if "\n" in rewritten.strip():
                break
            if time.monotonic() > deadline:
                return ""
    except ContextOverflow:
        return ""
    first = rewritten.strip().split("\n")[0]
    return first.removeprefix("Follow-up:").strip().strip("\"“”")


def is_faithful(rewritten: str, question: str, last: Turn) -> bool:
    """Return whether a rewriting keeps the question's content and language and adds nothing of its own."""
    before = last.standalone
    if not rewritten or len(rewritten) > len(before) + len(question) + SPARE or rewritten.casefold() == before.casefold():
        return False
    if language(rewritten) != language(question):
        return False
    kept = [*rules_en.proper_names(f"… {question}"), *(entity.text for entity in entities(question))]
    if any(part.rstrip("年度月份").casefold() not in rewritten.casefold() for part in kept):
        return False
    known = digit_strings(f"{question} {before} {last.answer}")
    return (digit_strings(rewritten) <= known and keeps_question_words(rewritten, question)
            and adds_no_words(rewritten, question, last))


def keeps_question_words(rewritten: str, question: str) -> bool:
    """Return whether the rewriting has all content words of the question, compared by stem."""
    if language(question) == "zh":
        own = set(rules_zh.content_characters(rules_zh.PRONOUN.sub("", rules_zh.strip_connective(question)[0])))
        return len(own - set(rewritten)) <= len(own) // 5
    core = rules_en.PRONOUN.sub("", rules_en.strip_connective(question)[0])
    own = {stem(word.lower()) for word in rules_en.content_words(core)}
    return own <= {stem(word.lower()) for word in rules_en.words(rewritten)}


def adds_no_words(rewritten: str, question: str, last: Turn) -> bool:
    """Return whether the content words of the rewriting stem from the question or the last turn, with little tolerance."""
    titles = " ".join(cited.title for cited in last.citations)
    known = {stem(word) for word in tokens(f"{question} {last.question} {last.searched} {CITED.sub('', last.answer)} {titles}")}
    new = [word for word in tokens(rewritten) if stem(word) not in known and word not in rules_en.FUNCTION_WORDS]
    return len(new) <= 1 if language(rewritten) != "zh" else len(new) <= len(rewritten) // 5


def rewrite_messages(question: str, last: Turn) -> tuple[Message, ...]:
    """Return the messages that ask a model to make a follow-up question standalone."""
    shown = [message for asked, said in EXAMPLES
             for message in (Message("user", own_words(asked)), Message("assistant", own_words(said)))]
    parts = {"question": own_words(last.standalone), "answer": sanitize(CITED.sub("", last.answer)[:LONGEST_ANSWER]),
             "follow_up": own_words(question)}
    asked = fill_template("Question: {question}\nAnswer: {answer}\nFollow-up: {follow_up}", parts)
    return (Message("system", own_words(REWRITE)), *shown, Message("user", asked))

"""A question and the turns before it in; what to search for out, made to stand alone by rule.

An ellipsis ("and in 2023?", "那违约金呢？") takes the last question with one constituent exchanged, as in Dalrymple, Shieber and
Pereira's (1991) account of ellipsis by substitution; a pronoun gets the names or the topic of the last turn. Where rules cannot
tell what is exchanged for what, each reading is searched for.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from assistant.datatypes import CITED, ChatModel, Turn
from assistant.errors import ContextOverflow
from assistant.generation.conversation import rules_en, rules_zh
from assistant.generation.conversation.entities import Rewriting, entities
from assistant.generation.conversation.prompts import rewrite_messages
from assistant.text.languages import language
from assistant.text.sentences import digit_strings, tokens


def topical(turns: Sequence[Turn]) -> list[Turn]:
    """Return the turns that are about something: those about the conversation itself have no topic to go on with."""
    return [turn for turn in turns if not any(cited.kind == "turn" for cited in turn.citations)]


def rewrite(question: str, turns: Sequence[Turn]) -> Rewriting:
    """Return what to search for, by rule; the question itself where it stands alone."""
    asked = " ".join(question.split())
    about_files = topical(turns)
    if not about_files:
        return Rewriting((asked,))
    last = about_files[-1]
    if language(asked) == "zh":
        return rules_zh.rewrite_zh(asked, last)
    return rules_en.rewrite_en(asked, last)


MOST_TOKENS = 40
STEM = 4  # letters by which two forms of a word are known as the same
SPARE = 24  # characters that a question may grow by, beside the last one


def reworded(chat: ChatModel, question: str, last: Turn, by_rule: Rewriting, seconds: float) -> Rewriting:
    """Return the model's question first and the rules' reading after it; the rules' alone where the model's does not hold."""
    said = generate_rewrite(chat, question, last, seconds)
    if not is_faithful(said, question, last):
        return by_rule
    return replace(by_rule, queries=tuple(dict.fromkeys((said, *by_rule.queries[:1]))), sure=True)


def generate_rewrite(chat: ChatModel, question: str, last: Turn, seconds: float) -> str:
    """Return the first line that the model writes; nothing where it takes longer than it may."""
    until = time.monotonic() + seconds
    said = ""
    try:
        for piece in chat.reply(rewrite_messages(question, last), MOST_TOKENS):
            said += piece
            if "\n" in said.strip():
                break
            if time.monotonic() > until:
                return ""
    except ContextOverflow:
        return ""
    first = said.strip().split("\n")[0]
    return first.removeprefix("Follow-up:").strip().strip("\"“”")


def is_faithful(said: str, question: str, last: Turn) -> bool:
    """Return whether a rewritten question keeps what the question says, adds nothing of its own and is in its language."""
    before = last.standalone
    if not said or len(said) > len(before) + len(question) + SPARE or said.casefold() == before.casefold():
        return False
    if language(said) != language(question):
        return False
    kept = [*rules_en.proper_names(f"… {question}"), *(thing.text for thing in entities(question))]
    if any(part.rstrip("年度月份").casefold() not in said.casefold() for part in kept):
        return False
    known = digit_strings(f"{question} {before} {last.answer}")
    return digit_strings(said) <= known and keeps_question_words(said, question) and adds_no_words(said, question, last)


def keeps_question_words(said: str, question: str) -> bool:
    """Return whether what the question says of its own stands in the text too, in some form."""
    if language(question) == "zh":
        own = set(rules_zh.content_characters(rules_zh.PRONOUN.sub("", rules_zh.strip_connective(question)[0])))
        return len(own - set(said)) <= len(own) // 5
    own = {stem(word.lower()) for word in rules_en.content_words(rules_en.PRONOUN.sub("", rules_en.strip_connective(question)[0]))}
    return own <= {stem(word.lower()) for word in rules_en.words(said)}


def adds_no_words(said: str, question: str, last: Turn) -> bool:
    """Return whether every word of the text stands, in some form, in the question or the turn; words of grammar may be new."""
    titles = " ".join(cited.title for cited in last.citations)
    known = {stem(word) for word in tokens(f"{question} {last.question} {last.searched} {CITED.sub('', last.answer)} {titles}")}
    new = [word for word in tokens(said) if stem(word) not in known and word not in rules_en.FUNCTION_WORDS]
    return len(new) <= 1 if language(said) != "zh" else len(new) <= len(said) // 5


def stem(word: str) -> str:
    """Return the beginning of a word."""
    return word[:STEM]

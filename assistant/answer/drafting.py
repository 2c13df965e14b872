"""A passage and a fact in it in; what is said to a model so that it writes a question with that fact as its answer, out."""

from __future__ import annotations

from pathlib import PurePath

from assistant.answer.untrusted import as_read, fenced, filled, own_words, part_as_read
from assistant.datatypes import ChatModel, Hit, Message, PromptText
from assistant.text.languages import language

QUESTION_TOKENS = 60

SYSTEM = "You write questions about documents. You reply with one question and nothing else."
ENGLISH = """From the file "{name}":
{text}

Write one question that this sentence answers: {sentence}
The answer must be exactly: {fact}
Name who or what the question is about, so that it makes sense without the text. Do not use the words "{fact}". Do not mention a \
text, a passage or a file. Reply with the question only."""
CHINESE = """摘自文件《{name}》：
{text}

请写一个由这句话回答的问题：{sentence}
答案必须正好是：{fact}
问题要写明是关于谁或什么，没有读过原文的人也能看懂。问题中不要出现“{fact}”，也不要提到文中、段落或文件。只回复这个问题。"""


def draft_question(chat: ChatModel, hit: Hit, sentence: str, fact: str) -> str:
    """Return a question that a fact in a sentence of a passage answers; empty where the model wrote none."""
    if fact not in sentence_as_read(hit, sentence):
        return ""
    return question_in("".join(chat.reply(ask_for_question(hit, sentence, fact), QUESTION_TOKENS)))


def ask_for_question(hit: Hit, sentence: str, fact: str) -> tuple[Message, ...]:
    """Return the messages, in the language of the sentence: English or Chinese."""
    wording = CHINESE if language(sentence) == "zh" else ENGLISH
    parts = {"name": as_read(PurePath(hit.path).stem), "text": fenced(hit.chunk.searchable),
             "sentence": sentence_as_read(hit, sentence), "fact": as_read(fact)}
    return (Message("system", own_words(SYSTEM)), Message("user", filled(wording, parts)))


def sentence_as_read(hit: Hit, sentence: str) -> PromptText:
    """Return a sentence of a passage as a model may read it: without what stands in a comment or sets its orders aside."""
    start = hit.chunk.text.find(sentence)
    return as_read(sentence) if start < 0 else part_as_read(hit.chunk.text, start, start + len(sentence))


def question_in(reply: str) -> str:
    """Return the question in a reply: its first line with a question mark, without a label, marks of a list or quotes."""
    for line in reply.splitlines():
        end = max(line.rfind("?"), line.rfind("？"))
        if end >= 0:
            words = line[: end + 1].strip().lstrip("-*#0123456789. ").strip("\"“”「」* ")
            label, _, rest = words.partition(":" if ":" in words else "：")
            return rest.strip("\"“”* ") if rest and label.strip().lower() in {"question", "q", "问题", "问"} else words
    return ""

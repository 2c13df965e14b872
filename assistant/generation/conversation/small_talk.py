"""Recognize greetings, thanks and questions about the program or the list of files, and answer them without a model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from assistant.datatypes import Answer, StreamedAnswer, Timings
from assistant.generation.prompt import PROMPT_VERSION
from assistant.text.languages import language

SmallTalk = Literal["", "greeting", "files"]

MOST_NAMES = 20  # files named in an answer
GREETING = re.compile(
    r"(?:hi|hello|hey|howdy|greetings|good (?:morning|afternoon|evening|day)|test|ping"
    r"|thanks?(?: you)?(?: very much| so much| a lot)?"
    r"|bye|goodbye|no|nope|never ?mind|nothing|help(?: me)?|how are you(?: doing)?|who are you|what are you"
    r"|what can (?:you|i) (?:do|ask)(?: here| for me)?"
    r"|what do you (?:do|know)|how (?:do|does) (?:you|this|it) work|how do i use (?:you|this|it)"
    r"|hallo|guten (?:morgen|tag|abend)|moin|danke(?: schön)?|hilfe|was kannst du|bonjour|bonsoir|salut|merci|aide"
    r"|hola|buen[oa]s (?:días|dias|tardes|noches)|gracias|ayuda|привет|здравствуйте|спасибо|помощь"
    r"|你好|您好|嗨|哈[喽啰]|早上好|下午好|晚上好|早安|谢谢(?:你|您)?|多谢|不用了?|没有了?|没事了?|再见|帮助|你是谁|你能做什么|你会什么|怎么用"
    r"|こんにちは|こんばんは|おはよう(?:ございます)?|ありがとう(?:ございます)?|안녕(?:하세요)?|감사합니다)"
    r"(?:[\s,，]+(?:there|everyone|all|assistant|again|friend|you))*", re.IGNORECASE)
MINE = r"(?:(?:all|the|my|our|these|your)\s+)*"
FILES_EN = r"(?:files?|documents?|docs|pdfs?|sources)"
FILES = re.compile(
    rf"(?:which|what|how many) {FILES_EN} (?:do (?:i|we|you) have|have (?:i|we|you) (?:got|added|read|indexed)?"
    rf"|are (?:there|here|in here|known|indexed|added|available|stored)|can you (?:see|read|search|use)|do you (?:know|see|use)"
    rf"|did (?:i|we|you) (?:add|read|index))"
    rf"(?: (?:in|to|of|from) {MINE}(?:library|folder|index|here))?(?: here| now| so far)?"
    rf"|(?:(?:please )?(?:list|show|name|tell)(?: me)? {MINE}{FILES_EN}|what(?:'s| is) in {MINE}(?:library|index|files)"
    rf"|(?:list|names) of {MINE}{FILES_EN})(?: (?:that )?(?:i|you|we) have)?"
    r"|welche (?:dateien|dokumente) (?:habe ich|gibt es|hast du|kennst du)"
    r"|quels (?:fichiers|documents)(?: (?:ai-je|as-tu|y a-t-il|sont là))?"
    r"|qué (?:archivos|documentos) (?:tengo|hay|tienes)|какие (?:у меня )?(?:есть )?(?:файлы|документы)(?: у меня)?(?: есть)?"
    r"|(?:请)?(?:我|你|库里|资料库里|这里)?(?:一共|总共|都|现在)*(?:有|添加了|读了|收录了)?(?:哪些|什么|多少个?|几个)(?:文件|文档|资料)"
    r"|(?:请)?(?:列出|显示)(?:一下)?(?:我的|所有|全部)*(?:的)?(?:文件|文档)|(?:文件|文档)(?:都)?有(?:哪些|多少)"
    r"|(?:どの|どんな)(?:ファイル|文書)が?あります?か?|어떤 (?:파일|문서)가? ?있(?:나요|습니까|어요)?", re.IGNORECASE)
ENDS = re.compile(r"^[\s¿¡]+|[\s?？!！.。,，~]+$")
HINTS = {
    "en": "Ask a question about your files, for example: When does the lease end? There are {count} files in your library; to "
          "list them: assistant status --files",
    "zh": "请就您的文件提问，例如：合同什么时候到期？您的资料库里有 {count} 个文件，列出它们：assistant status --files",
}
LISTS = {
    "en": "There are {count} files in your library{names}. To list them with their status: assistant status --files",
    "zh": "您的资料库里有 {count} 个文件{names}。列出它们及其状态：assistant status --files",
}


def detect_small_talk(question: str) -> SmallTalk:
    """Return whether a question is a greeting or asks for the list of files; an empty string for any other question."""
    text = ENDS.sub("", " ".join(question.replace("’", "'").split()))
    if GREETING.fullmatch(text):
        return "greeting"
    return "files" if FILES.fullmatch(text) else ""


class SmallTalkStream(StreamedAnswer):
    """Answer stream for small talk: a hint, or the names of the files. No model is asked."""

    def __init__(self, question: str, talk: SmallTalk, names: Sequence[str], embedder: str) -> None:
        self.question = question
        text = hint_text(question, talk, names)
        self._answer = Answer(question, text, False, (), (), "", embedder, PROMPT_VERSION, Timings(0.0))

    def __iter__(self) -> Iterator[str]:
        """Yield the text in one piece."""
        self._finished = (self._answer,)
        yield self._answer.text


def hint_text(question: str, talk: SmallTalk, names: Sequence[str]) -> str:
    """Return what is said to a greeting, or about the files of these names, in Chinese or English."""
    own = "zh" if language(question) == "zh" else "en"
    text = (HINTS if talk == "greeting" else LISTS)[own]
    shown = ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")
    text = text.format(count=len(names), names=(f"：{shown}" if own == "zh" else f": {shown}") if shown else "")
    return text.replace("There are 1 files", "There is 1 file")

"""When a reply is no answer: the agreed words, or any of the ways in which small models say the same at length."""

from __future__ import annotations

import re

from assistant.answer.prompt import NOT_STATED

SUBJECT = (
    r"(?:the |your |these |this )?(?:provided |given |supplied |above |available )*"
    r"(?:passages?|files?|documents?|texts?|information|context|sources?)"
)
SAYS = (
    r"(?:directly |explicitly |specifically )?"
    r"(?:say|state|mention|contain|specify|provide|include|give|have|indicate|answer|explain)"
)
REFUSAL = re.compile(
    rf"^\W*(?:{NOT_STATED}"
    rf"|{SUBJECT}(?: provided| given)? (?:do(?:es)? not|don't|doesn't) {SAYS}"
    r"|i (?:do not|don't|cannot|can't|am unable)"
    r"|there is no (?:information|mention|answer)|no (?:information|answer|mention)\b"
    r"|not (?:mentioned|specified|provided|found)\b"
    r"|(?:the )?answer is not (?:stated|mentioned|specified|provided|given|in)|it is not (?:stated|mentioned|specified)"
    r"|(?:根据|在)?(?:所?提供的|给出的|上述|以上|这些|现有)?(?:资料|文件|文档|段落|文本|信息|内容)(?:中|里)?[，,]?(?:并|都)?(?:没有|未|无)"
    r"|没有(?:说明|提到|提及|相关|答案|找到)|未(?:说明|提到|提及|找到)|无法(?:回答|确定|得知)|不知道)",
    re.IGNORECASE,
)
LONGEST_OPENING = 72  # characters within which a refusal has shown itself


def is_refusal(text: str) -> bool:
    """Return whether the reply begins by saying that there is no answer, or says nothing."""
    return not text.strip() or bool(REFUSAL.match(text.strip()))


def undecided(text: str) -> bool:
    """Return whether so short a beginning could still become a refusal."""
    start = text.strip().lower()
    if len(start) >= LONGEST_OPENING or re.search(r"[.。!！?？\n]", start):
        return False
    return any(start.startswith(opening[: len(start)]) or opening.startswith(start) for opening in OPENINGS)


OPENINGS = (
    NOT_STATED.lower(), "the passage", "the file", "the document", "the provided", "the given", "the text", "the information",
    "the context", "the answer is not", "the available", "your files", "these ", "this ", "passages", "there is no", "no ",
    "not ", "i ", "it is not", "provided", "根据", "在", "所提供", "提供的", "给出的", "上述", "以上", "这些", "现有", "资料",
    "文件", "文档", "段落", "没有", "未", "无法", "不知道",
)

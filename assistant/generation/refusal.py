"""Recognize a refusal by its wording: at the beginning of a reply, within a sentence, or while it is still being written."""

from __future__ import annotations

import re

from assistant.generation.prompt import NOT_STATED

NOUN = r"(?:passages?|files?|documents?|texts?|information|context|sources?)"
SUBJECT = rf"(?:the |your |these |this |any of the |provided |given |supplied |above |available )*{NOUN}"
HOW = r"(?:directly |explicitly |specifically |clearly )?"
SAY = r"(?:say|state|mention|specify|indicate|answer|explain|tell)s?"
TOPIC = r"(?:any |the |an |enough |sufficient |specific |relevant )*(?:information|answer|details?|mention|data)"

# what may precede a refusal: a citation marker, a label, an apology, a reference to the source
PREAMBLE = re.compile(
    rf"^(?:\[\d+\]|\W|answer:|unfortunately,?|(?:i'm |i am )?sorry,?(?: but)?|however,"
    rf"|(?:based on|according to|from) {SUBJECT}(?: provided| given)?,?"
    r"|抱歉|对不起|很遗憾|答案?：|回答：)+",
    re.IGNORECASE,
)
# a refusal at the beginning of the reply
REFUSAL_OPENING = re.compile(
    rf"(?:{NOT_STATED}"
    rf"|{SUBJECT}(?: provided| given)? (?:do(?:es)? not|don't|doesn't) {HOW}(?:{SAY}|(?:contain|provide|include|give) {TOPIC})"
    rf"|{SUBJECT}(?: provided| given)? (?:contain|provide|include|give)s? no {TOPIC}"
    rf"|none of {SUBJECT} {HOW}{SAY}"
    rf"|there(?: is|'s) no {TOPIC}|no (?:information|mention|answer) (?:is|was|about|on|of|regarding|can be found)"
    r"|i (?:do not|don't) (?:know|have)"
    r"|i (?:cannot|can't|could not|am unable to|was unable to) (?:answer|find|determine|tell|say)"
    r"|(?:根据|在|从)?(?:您|你)?(?:所?提供的|给出的|上述|以上|这些|现有)?(?:资料|文件|文档|段落|文本|信息|内容|上下文|文|材料)(?:中|里)?[，,]?"
    r"(?:均|并|都)?(?:没有|未|无)(?:明确|直接|具体)?(?:说明|提到|提及|提供|给出|指出|包含|涉及|记载|回答|相关|答案)"
    r"|(?:均|并|都)?(?:没有|未)(?:明确|直接|具体)?(?:说明|提到|提及|提供|给出|指出|找到)|没有(?:相关|答案)|无法(?:回答|确定|得知|判断)|不知道"
    r"|資料に(?:は)?記載|記載(?:が|は|されて)?(?:あり|い)ません)",
    re.IGNORECASE,
)
# anywhere in a sentence
REFUSAL_WITHIN = re.compile(
    rf"\b{NOT_STATED}\b"
    rf"|\b(?:is|are|was|were) not {HOW}(?:(?:stated|mentioned|specified|provided|given|found) )?(?:in|by|within) {SUBJECT}"
    rf"|\bnicht (?:in den (?:Dateien|Texten|Passagen) )?(?:angegeben|erwähnt|genannt)\b",
    re.IGNORECASE,
)
MAX_OPENING = 80  # characters within which a refusal is recognizable
REFUSAL_PREFIXES = (
    NOT_STATED.lower(), "answer:", "unfortunately", "sorry", "i'm sorry", "based on", "according to", "from the", "none of",
    "the passage", "the file", "the document", "the provided", "the given", "the text", "the information", "the context",
    "the answer is not", "the available", "your files", "these ", "this ", "passages", "there is no", "there's no", "no ",
    "not ", "i ", "it is not", "provided", "根据", "在", "从", "所提供", "提供的", "给出的", "上述", "以上", "这些", "现有",
    "资料", "文件", "文档", "段落", "文中", "没有", "未", "无法", "不知道", "抱歉", "对不起", "很遗憾",
)


def is_refusal(text: str) -> bool:
    """Return whether the reply begins with a refusal."""
    core = strip_preamble(text)
    first = re.split(r"(?<=[.!?。！？])\s|\n", core, maxsplit=1)[0]
    return bool(REFUSAL_OPENING.match(core) or REFUSAL_WITHIN.search(first))


def is_empty(text: str) -> bool:
    """Return whether the reply has no word and no number besides citation markers."""
    return not strip_preamble(text)


def contains_refusal(text: str) -> bool:
    """Return whether any sentence of the text is a refusal."""
    return any(is_refusal(sentence) for sentence in re.split(r"(?<=[.!?。！？])\s*|\n", text) if sentence.strip())


def strip_preamble(text: str) -> str:
    """Return the reply without a preamble: citation marker, label, apology, "according to ..."."""
    return PREAMBLE.sub("", text.replace("’", "'").strip())


def may_become_refusal(text: str) -> bool:
    """Return whether a beginning this short could still become a refusal."""
    start = strip_preamble(text).lower()
    if len(start) >= MAX_OPENING or re.search(r"[.。!！?？\n]", start):
        return False
    return any(start.startswith(opening) or opening.startswith(start) for opening in REFUSAL_PREFIXES)

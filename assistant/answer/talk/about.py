"""A question in; whether it is about the conversation itself, and about which of its turns, out. By rule, English and Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Wish = Literal["", "question", "answer", "questions", "summary", "retell"]

ORDINALS = {
    "first": 0, "very first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1, "previous": -1, "latest": -1,
    "第一": 0, "最开始": 0, "最初": 0, "一开始": 0, "首先": 0, "第二": 1, "第三": 2, "第四": 3, "上一": -1, "最后": -1,
    "前一": -1, "上个": -1,
}
ORDINAL = r"(?P<which>very first|first|second|third|fourth|last|previous|latest)"
LANGUAGES = r"(?:English|Chinese|Mandarin|German|French|Spanish|Japanese|Korean|Russian)"
TALK = r"(?:conversation|chat|discussion|talk)"
THAT = r"(?:that|it|this|your (?:last )?answer|the (?:last )?answer)"
PATTERNS: tuple[tuple[Wish, str], ...] = (
    ("questions", r"(?:what|which) questions (?:did|have) i ask(?:ed)?(?: you)?(?: so far| until now| today)?"
                  r"|what (?:did|have) i ask(?:ed)?(?: you)?(?: so far| until now| today)"
                  r"|(?:list|show|repeat) (?:all )?my (?:earlier |previous )?questions"),
    ("question", r"what (?:did|have|was|were) (?:i|we) (?:just |only )?(?:ask(?:ed)?|asking|say|said)(?: you)?"
                 r"(?: (?:at )?(?:the )?(?:very )?(?P<when>first|last|before|just now|earlier|at the beginning|second|third))?"
                 rf"|what was (?:my|the) {ORDINAL} question(?: that i asked| i asked| of mine)?|repeat my (?:last "
                 rf"|first )?question"),
    ("answer", rf"what did you (?:just )?(?:say|answer|tell me)(?: just now| before| last| first)?|what was your {ORDINAL} answer"
               rf"|(?:please )?(?:repeat|say) {THAT}(?: again)?(?: please)?|say again"),
    ("summary", rf"(?:please )?(?:summari[sz]e|recap|sum up) (?:our|this|the|all of this|the whole) ?{TALK}(?: so far)?"
                r"|what (?:have|did) we (?:talk(?:ed)?|discuss(?:ed)?|spoken?|speak)(?: about)?(?: so far)?"),
    ("retell", rf"(?:please |can you |could you )*(?:repeat|say|translate|give|put|write) {THAT}(?: again)?(?: to me)? (?:in"
               rf"|into|to) "
               rf"{LANGUAGES}|(?:please )?(?:and )?(?:now )?in {LANGUAGES}"
               rf"|(?:please |can you |could you )*(?:make|say|put|explain|give|rephrase|reword|shorten|simplify) {THAT}"
               r"(?: (?:again|a bit|much|in|more|other|fewer|simpler|simple|shorter|short|briefly|simply|differently|words?))*"
               r"|(?:a bit |much |even )?(?:shorter|briefer|simpler)|in (?:simpler|simple|other|fewer|plain) (?:words|terms)"
               r"|(?:summari[sz]e|shorten|rephrase|simplify) (?:that|your (?:last )?answer|the last answer)"),
    ("questions", r"我(?:一共|总共|都|到现在|刚才|之前)*问(?:了|过)(?:哪些|几个)(?:问题)?|(?:列出|重复)我(?:的"
                  r"|问过的)(?:所有)?问题"),
    ("question", r"我(?:刚才|刚刚|之前|前面|(?P<when>最开始|最初|一开始|首先|最后|第一次|上一次))*(?:都)?问(?:了|过|的)?(?:你"
                 r"|您)?(?:的)?"
                 r"(?:什么|啥|是什么)(?:问题)?"
                 r"|我(?:问)?的?(?P<which2>第一|第二|第三|第四|上一|前一|最后一?|上)个?问题(?:是什么|是啥)"),
    ("answer", r"(?:你|您)(?:刚才|刚刚|之前|上次)*(?:说|回答|答)(?:了|的|过)?(?:是)?(?:什么|啥)"
               r"|(?:请)?(?:把(?:答案|刚才的(?:话|回答)))?(?:再说一遍|重复一遍|重复一下|再重复一次)"),
    ("summary", r"(?:请)?(?:总结|概括|归纳)(?:一下)?(?:我们的?|这次|这段|刚才的|以上)?(?:全部|所有)?的?(?:对话|聊天|谈话"
                r"|交谈)(?:内容)?"
                r"|我们(?:刚才|到现在|都)*(?:聊|谈|讨论)(?:了|过)(?:什么|哪些内容)"),
    ("retell", r"(?:请)?(?:把(?:它|这个|答案|上面的|刚才的(?:话|回答)))?(?:用|翻译成|译成|换成)(?:中文|汉语|英文|英语|日文"
               r"|日语|德语|法语)"
               r"(?:再)?(?:说|讲|重复|回答|表达|写)?(?:一遍|一下|一次)?"
               r"|(?:请)?(?:说得?|回答得?|再)?(?:更)?(?:简短|简单|简洁|短|精简|简略|通俗)(?:一)?(?:点|些)儿?|(?:请)?换(?:一)?(?:个|种)说法"),
)
COMPILED = tuple((wish, re.compile(pattern, re.IGNORECASE)) for wish, pattern in PATTERNS)
POLITE = re.compile(r"^(?:please,?\s+|请问?)|[\s,，]*(?:please|谢谢)?[\s?？.。!！吗呢]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class About:
    """What is wanted of the conversation, and of which turn, as an index; nothing is wanted where `wish` is empty."""

    wish: Wish = ""
    turn: int = -1


def about(question: str) -> About:
    """Return what a question wants of the conversation itself: nothing, for a question about files."""
    core = POLITE.sub("", " ".join(question.split()))
    for wish, pattern in COMPILED:
        if match := pattern.fullmatch(core):
            return About(wish, which(match))
    return About()


def which(match: re.Match[str]) -> int:
    """Return the index of the turn that is meant; the last where none is named."""
    named = [value.lower() for value in match.groupdict().values() if value]
    return next((index for word, index in ORDINALS.items() for value in named if value.startswith(word)), earliest(match.group()))


def earliest(text: str) -> int:
    """Return 0 where the text speaks of the beginning, otherwise the last turn's index."""
    return 0 if re.search(r"\bfirst\b|at the beginning|最开始|最初|一开始", text, re.IGNORECASE) else -1

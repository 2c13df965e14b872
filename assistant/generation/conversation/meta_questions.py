"""Detect and answer questions about the conversation itself, in English and Chinese."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.datatypes import CITED, Answer, ChatModel, Citation, Location, Message, StreamedAnswer, Timings, Turn
from assistant.errors import ContextOverflow
from assistant.generation.prompt import PROMPT_VERSION
from assistant.generation.untrusted_text import fill_template, own_words, sanitize
from assistant.text.languages import language
from assistant.text.sentences import digit_strings

MetaIntent = Literal["", "question", "answer", "questions", "summary", "rephrase"]

ORDINALS = {
    "first": 0, "very first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1, "previous": -1, "latest": -1,
    "第一": 0, "最开始": 0, "最初": 0, "一开始": 0, "首先": 0, "第二": 1, "第三": 2, "第四": 3, "上一": -1, "最后": -1,
    "前一": -1, "上个": -1,
}
ORDINAL = r"(?P<which>very first|first|second|third|fourth|last|previous|latest)"
LANGUAGES = r"(?:English|Chinese|Mandarin|German|French|Spanish|Japanese|Korean|Russian)"
TALK = r"(?:conversation|chat|discussion|talk)"
THAT = r"(?:that|it|this|your (?:last )?answer|the (?:last )?answer)"
PATTERNS: tuple[tuple[MetaIntent, str], ...] = (
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
    ("rephrase", rf"(?:please |can you |could you )*(?:repeat|say|translate|give|put|write) {THAT}(?: again)?(?: to me)? (?:in"
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
    ("rephrase", r"(?:请)?(?:把(?:它|这个|答案|上面的|刚才的(?:话|回答)))?(?:用|翻译成|译成|换成)(?:中文|汉语|英文|英语|日文"
               r"|日语|德语|法语)"
               r"(?:再)?(?:说|讲|重复|回答|表达|写)?(?:一遍|一下|一次)?"
               r"|(?:请)?(?:说得?|回答得?|再)?(?:更)?(?:简短|简单|简洁|短|精简|简略|通俗)(?:一)?(?:点|些)儿?|(?:请)?换(?:一)?(?:个|种)说法"),
)
COMPILED = tuple((intent, re.compile(pattern, re.IGNORECASE)) for intent, pattern in PATTERNS)
POLITE = re.compile(r"^(?:please,?\s+|请问?)|[\s,，]*(?:please|谢谢)?[\s?？.。!！吗呢]*$", re.IGNORECASE)
LONGEST_QUOTE = 300  # characters
REPHRASE = """You are given a conversation between a user and an assistant. Do what the user asks of it. Use only what stands in \
the conversation: keep every name, number and date as it is, and add nothing."""
TEXTS = {
    "en": {
        "asked": "Your question {number} was: “{text}”", "told": "My answer to “{question}” was: “{text}”",
        "all": "You have asked {count} so far:", "none": "There was no such question in this conversation.",
        "summary": "What was said so far:",
        "failed": "That could not be put otherwise without changing it. The answer was: “{text}”",
    },
    "zh": {
        "asked": "您的第 {number} 个问题是：“{text}”", "told": "对“{question}”的回答是：“{text}”",
        "all": "您到现在问了 {count} 个问题：", "none": "这次对话里没有这样的问题。",
        "summary": "到现在为止的对话：", "failed": "换一种说法会改变原意。原来的回答是：“{text}”",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MetaQuestion:
    """What a question asks about the conversation, and the index of the turn it means; an empty intent: nothing."""

    intent: MetaIntent = ""
    turn: int = -1


def detect_meta_question(question: str) -> MetaQuestion:
    """Return what a question asks about the conversation itself; an empty intent for a question about files."""
    core = POLITE.sub("", " ".join(question.split()))
    for intent, pattern in COMPILED:
        if match := pattern.fullmatch(core):
            return MetaQuestion(intent, turn_index(match))
    return MetaQuestion()


def turn_index(match: re.Match[str]) -> int:
    """Return the index of the turn that is meant; -1, the last, if none is named."""
    named = [value.lower() for value in match.groupdict().values() if value]
    indexes = (index for word, index in ORDINALS.items() for value in named if value.startswith(word))
    of_beginning = re.search(r"\bfirst\b|at the beginning|最开始|最初|一开始", match.group(), re.IGNORECASE)
    return next(indexes, 0 if of_beginning else -1)


class MetaAnswerStream(StreamedAnswer):
    """Answer stream for a question about the conversation."""

    def __init__(self, question: str, meta: MetaQuestion, turns: Sequence[Turn], open_model: Callable[[], ChatModel],
                 answer_tokens: int) -> None:
        self.question = question
        self._meta, self._turns, self._open, self._answer_tokens = meta, turns, open_model, answer_tokens
        self._texts = TEXTS["zh" if language(question) == "zh" else "en"]
        self._started = time.perf_counter()
        self._answer = Answer(question, "", False, (), (), "", "", PROMPT_VERSION, Timings(0.0))

    def __iter__(self) -> Iterator[str]:
        """Yield the text; the pieces concatenate to `answer.text`."""
        text, numbers_of_turns = self._compose()
        cited = tuple(turn_citation(place, number, self._turns[number - 1]) for place, number in enumerate(numbers_of_turns, 1))
        yield text
        taken = (time.perf_counter() - self._started) * 1000
        self._answer = replace(self._answer, text=text, citations=cited, abstained=not cited,
                               timings=replace(self._answer.timings, first_token_ms=taken, total_ms=taken))
        self._finished = (self._answer,)

    def _compose(self) -> tuple[str, list[int]]:
        """Return the text and the numbers, from 1, of the turns it cites."""
        intent, turns = self._meta.intent, self._turns
        if intent in {"questions", "summary"}:
            head = self._texts["summary" if intent == "summary" else "all"].format(count=len(turns))
            lines = [f"- {turn.question}{f' {uncited_answer(turn)}' if intent == 'summary' else ''} [{number}]"
                     for number, turn in enumerate(turns, 1)]
            return "\n".join([head, *lines]), list(range(1, len(turns) + 1))
        index = self._meta.turn if self._meta.turn >= 0 else len(turns) + self._meta.turn
        if index >= len(turns):
            return self._texts["none"], []
        turn = turns[index]
        if intent == "rephrase":
            return self._rephrased(turn), [index + 1]
        if intent == "question":
            return self._texts["asked"].format(number=index + 1, text=turn.question) + " [1]", [index + 1]
        return self._texts["told"].format(question=turn.question, text=uncited_answer(turn)) + " [1]", [index + 1]

    def _rephrased(self, turn: Turn) -> str:
        """Return the model's rephrasing of the turn's answer, or the original if the model is empty or changes numbers."""
        chat = self._open()
        self._answer = replace(self._answer, model=chat.name)
        try:
            reply = "".join(chat.reply(rephrase_messages(self.question, turn), self._answer_tokens)).strip()
        except ContextOverflow:
            reply = ""
        if not reply or not digit_strings(reply) <= digit_strings(f"{turn.question} {uncited_answer(turn)}"):
            return self._texts["failed"].format(text=uncited_answer(turn)) + " [1]"
        return f"{reply} [1]"


def uncited_answer(turn: Turn) -> str:
    """Return a turn's answer without citation numbers."""
    return CITED.sub("", turn.answer)


def turn_citation(place: int, number: int, turn: Turn) -> Citation:
    """Return a citation of a turn of this conversation."""
    quote = f"{turn.question}\n{turn.answer}"[:LONGEST_QUOTE]
    return Citation(place, f"turn:{number}", f"Turn {number} of this conversation",
                    Location(1, quote.count("\n") + 1, 0, len(quote)), quote, "turn")


def rephrase_messages(request: str, turn: Turn) -> tuple[Message, ...]:
    """Return the messages that ask a model to rephrase the answer of a turn."""
    parts = {"question": own_words(turn.question), "answer": sanitize(uncited_answer(turn)), "request": own_words(request)}
    asked = fill_template("User: {question}\nAssistant: {answer}\n\n{request}", parts)
    return (Message("system", own_words(REPHRASE)), Message("user", asked))

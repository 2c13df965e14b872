"""A question in; whether it is about the conversation itself, and about which of its turns, out. By rule, English and Chinese."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.datatypes import CITED, Answer, ChatModel, Citation, Hit, Location, Progress, Sentence, Timings, Turn, Written
from assistant.errors import ContextOverflow
from assistant.generation.conversation.prompts import SAID, rephrase_messages
from assistant.generation.prompt import PROMPT_VERSION
from assistant.text.languages import language
from assistant.text.sentences import digit_strings

MetaIntent = Literal["", "question", "answer", "questions", "summary", "retell"]

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
class MetaQuestion:
    """What is wanted of the conversation, and of which turn, as an index; nothing is wanted where `wish` is empty."""

    wish: MetaIntent = ""
    turn: int = -1


def about(question: str) -> MetaQuestion:
    """Return what a question wants of the conversation itself: nothing, for a question about files."""
    core = POLITE.sub("", " ".join(question.split()))
    for wish, pattern in COMPILED:
        if match := pattern.fullmatch(core):
            return MetaQuestion(wish, turn_index(match))
    return MetaQuestion()


def turn_index(match: re.Match[str]) -> int:
    """Return the index of the turn that is meant; the last where none is named."""
    named = [value.lower() for value in match.groupdict().values() if value]
    return next((index for word, index in ORDINALS.items() for value in named if value.startswith(word)), default_turn(match.group()))


def default_turn(text: str) -> int:
    """Return 0 where the text speaks of the beginning, otherwise the last turn's index."""
    return 0 if re.search(r"\bfirst\b|at the beginning|最开始|最初|一开始", text, re.IGNORECASE) else -1


LONGEST_QUOTE = 300  # characters


class RetellingStream(Written):
    """An answer about the conversation: iterate for its text, then read the finished `answer`."""

    def __init__(self, question: str, wanted: MetaQuestion, turns: Sequence[Turn], open_model: Callable[[], ChatModel],
                 answer_tokens: int) -> None:
        self.question = question
        self.hits: tuple[Hit, ...] = ()
        self._wanted, self._turns, self._open, self._answer_tokens = wanted, turns, open_model, answer_tokens
        self._words = SAID["zh" if language(question) == "zh" else "en"]
        self._started = time.perf_counter()
        self._answer = Answer(question, "", False, (), (), "", "", PROMPT_VERSION, Timings(0.0))

    @property
    def sentences(self) -> Sequence[Sentence]:
        """None: what was said before is told again, not claimed."""
        return ()

    def prepare(self, on_progress: Callable[[Progress], None]) -> None:
        """Do nothing: there is no long work before the first word."""

    def __iter__(self) -> Iterator[str]:
        """Yield the text; what was yielded joins to `answer.text`."""
        text, numbers_of_turns = self._told()
        cited = tuple(turn_citation(place, number, self._turns[number - 1]) for place, number in enumerate(numbers_of_turns, 1))
        yield text
        taken = (time.perf_counter() - self._started) * 1000
        self._answer = replace(self._answer, text=text, citations=cited, abstained=not cited,
                               timings=replace(self._answer.timings, first_token_ms=taken, total_ms=taken))
        self._finished = (self._answer,)

    def _told(self) -> tuple[str, list[int]]:
        """Return the text and the numbers, from 1, of the turns that it stands on."""
        wish, turns = self._wanted.wish, self._turns
        if wish in {"questions", "summary"}:
            return self._all(with_answers=wish == "summary"), list(range(1, len(turns) + 1))
        index = self._wanted.turn if self._wanted.turn >= 0 else len(turns) + self._wanted.turn
        if index >= len(turns):
            return self._words["none"], []
        turn = turns[index]
        if wish == "retell":
            return self._retold(turn), [index + 1]
        if wish == "question":
            return self._words["asked"].format(number=index + 1, text=turn.question) + " [1]", [index + 1]
        return self._words["told"].format(question=turn.question, text=uncited_answer(turn)) + " [1]", [index + 1]

    def _all(self, *, with_answers: bool) -> str:
        head = self._words["summary" if with_answers else "all"].format(count=len(self._turns))
        lines = [f"- {turn.question}{f' {uncited_answer(turn)}' if with_answers else ''} [{number}]"
                 for number, turn in enumerate(self._turns, 1)]
        return "\n".join([head, *lines])

    def _retold(self, turn: Turn) -> str:
        """Return the turn's answer as the model puts it, or as it was where the model changes its numbers or says nothing."""
        chat = self._open()
        self._answer = replace(self._answer, model=chat.name)
        try:
            said = "".join(chat.reply(rephrase_messages(self.question, [turn]), self._answer_tokens)).strip()
        except ContextOverflow:
            said = ""
        if not said or not digit_strings(said) <= digit_strings(f"{turn.question} {uncited_answer(turn)}"):
            return self._words["failed"].format(text=uncited_answer(turn)) + " [1]"
        return f"{said} [1]"


def uncited_answer(turn: Turn) -> str:
    """Return a turn's answer without the numbers of its sources."""
    return CITED.sub("", turn.answer)


def turn_citation(place: int, number: int, turn: Turn) -> Citation:
    """Return a source that is a turn of this conversation."""
    quote = f"{turn.question}\n{turn.answer}"[:LONGEST_QUOTE]
    return Citation(place, f"turn:{number}", f"Turn {number} of this conversation",
                    Location(1, quote.count("\n") + 1, 0, len(quote)), quote, "turn")

"""Split compound questions ("when were A and B released?") and answer the parts that an answer does not cover.

The rules are conservative: a question that compares the two things, or asks for what they share, is not split.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.generation.prompt import Prompt, ReplyWriter
from assistant.generation.refusal import is_empty, is_refusal
from assistant.generation.support import attribute
from assistant.text.facts import ParsedChunk, parse_claim
from assistant.text.languages import language

LONGEST = 8  # Chinese characters within which the second name ends as the first does: 冬奥会和亚运会
SHORTEST = 2
COLON = {"zh": "：", "ja": "："}
LINK = re.compile("[和与及]")
EDGE = re.compile(r"[\s，。？?！、：；的了在于年月日由被是》《”“\d]")
NUMBERED = re.compile(r"(?P<one>\d+\s*(?P<unit>[年月日号]?))[和与及、](?P<other>\d+\s*(?P<other_unit>[年月日号]))")
NAME = r"[A-Z0-9][\w'’.-]*(?:\s+(?:of\s+|the\s+)?[A-Z0-9][\w'’.-]*)*"
NAMES = re.compile(rf"(?P<one>{NAME})\s+and\s+(?P<other>{NAME})")
OPENING = re.compile(r"(?:Who|What|When|Where|Which|How|In|On|Did|Was|Were|Is|Are|Do|Does|Has|Have)\s+")
ONE_QUESTION = re.compile(
    r"之间|共同|相同|一样|都是|都有|关系|区别|不同|差异|相比|比较|还是|一起|合作|国家和地区|国家与地区"
    r"|\b(?:between|both|common|same|together|compare\w*|differ\w*|relation\w*|share\w*|first|or|than)\b", re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class QuestionPart:
    """One of two things that a question names: its name, the question about it alone, and both names as they stand together."""

    name: str
    question: str
    together: str


def split_question(question: str) -> tuple[QuestionPart, ...]:
    """Return the two parts of a compound question; an empty tuple for any other question."""
    asked = " ".join(question.replace("分别", "").split())
    if ONE_QUESTION.search(asked):
        return ()
    return numbered(asked) or named(asked) or linked(asked)


def missing_parts(question: str, answer: str, read: str) -> tuple[QuestionPart, ...]:
    """Return the parts of a question that an answer does not name; none if the passages have both names as a single one."""
    said, known = squeezed(answer), squeezed(read)
    return tuple(part for part in split_question(question)
                 if squeezed(part.name) not in said and squeezed(part.together) not in known)


def numbered(asked: str) -> tuple[QuestionPart, ...]:
    """Return the parts of a Chinese question about two years, months or days."""
    found = NUMBERED.search(asked)
    if not found:
        return ()
    one = found["one"] if found["unit"] else found["one"] + found["other_unit"]
    return both(asked[: found.start()], one, found["other"], asked[found.end():], found.group())


def named(asked: str) -> tuple[QuestionPart, ...]:
    """Return the parts of an English question about two names."""
    opening = OPENING.match(asked)
    found = NAMES.search(asked, opening.end() if opening else 0)
    if not found:
        return ()
    return both(asked[: found.start()], found["one"], found["other"], asked[found.end():], found.group())


def linked(asked: str) -> tuple[QuestionPart, ...]:
    """Return the parts of a Chinese question about two things; each name's borders are inferred from the other's."""
    for link in LINK.finditer(asked):
        left, right = asked[: link.start()], asked[link.end():]
        first = len(left) - max((edge.end() for edge in EDGE.finditer(left)), default=0)
        if first < SHORTEST:
            continue
        second = reach(left[-1], right, first)
        if not SHORTEST <= second <= first:
            return ()
        start = len(left) - second
        one, other = left[start:], right[:second]
        return both(left[:start], one, other, right[second:], one + link.group() + other)
    return ()


def reach(last: str, right: str, first: int) -> int:
    """Return the length of the second name: up to the character that ends the first, or the length of the first."""
    alike = right.find(last, 1, LONGEST)
    edge = EDGE.search(right)
    return alike + 1 if alike > 0 else min(first, edge.start() if edge else len(right))


def both(before: str, one: str, other: str, after: str, together: str) -> tuple[QuestionPart, ...]:
    """Return the question with the one name and with the other."""
    return QuestionPart(one, before + one + after, together), QuestionPart(other, before + other + after, together)


def squeezed(text: str) -> str:
    """Return the text case-folded and without white space."""
    return "".join(text.split()).casefold()


def answer_missing_parts(question: str, said: str, chat: ReplyWriter, prompt: Prompt, sources: Sequence[ParsedChunk],
                         answer_tokens: int) -> Iterator[str]:
    """Ask the model about each part that the answer does not cover; yield the replies that the passages fully support.

    `sources` are the passages of the prompt, parsed.
    """
    for part in missing_parts(question, said, "\n".join(source.text for source in sources)):
        more = "".join(chat.reply(prompt.about(part.question), answer_tokens)).strip()
        if is_empty(more) or is_refusal(more) or more in said:
            continue
        line = more if part.name in more else f"{part.name}{COLON.get(language(question), ': ')}{more}"
        if attribute(parse_claim(line, part.question), (), sources).support == "full":  # the model does not verify it
            yield f"\n{line}"

"""Split English and Chinese text into sentences and tokens, and measure token overlap."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from assistant.text.languages import CJK, is_cjk

WORD = re.compile(f"\\d[\\d.,:/-]*\\d|[{CJK}]|[^\\W_{CJK}]+")
CLOSERS = "\"'”’)）」』】"
END = re.compile(f"[。！？；][{CLOSERS}]*|[.!?][{CLOSERS}]*(?=\\s|$)|[\r\n]+")
ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|[Dd]r|[Mm]rs?|[Mm]s|[Pp]rof|[Nn]o|[Ff]ig|[Ss]t|vs|etc|e\.g|i\.e|[Ii]nc|[Ll]td|[Cc]o|approx)\.$"
)
LIST_NUMBER = re.compile(r"(?:^|\n)[ \t]*\d{1,3}\.$")
LONGEST_ABBREVIATION = 24
MAX_LINE, MIN_WRAP = 400, 40  # characters
QUESTION_WEIGHT = 0.3
STOP = frozenset(
    "a an the of in on at to for from by with and or is are was were be been it its as that this these those which who what "
    "的 了 是 在 和 与 及 或 有 为 之 其".split()
)


def tokens(text: str) -> list[str]:
    """Return the lower-case words of a text without stop words; numbers are whole, CJK is split by character."""
    return [word for word in WORD.findall(unicodedata.normalize("NFKC", text).lower()) if word not in STOP]


def is_end(text: str, start: int, end: int) -> bool:
    """Return whether the terminator at text[start:end] ends a sentence, not an abbreviation or list number."""
    if text[start] != ".":
        return True
    before = text[max(0, end - LONGEST_ABBREVIATION) : end].rstrip(CLOSERS)
    return not (ABBREVIATION.search(before) or LIST_NUMBER.search(before))


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each sentence, without surrounding white space."""
    start = 0
    for match in END.finditer(text):
        if is_end(text, match.start(), match.end()) and not is_wrap(text, match.start(), match.end()):
            yield from trim_span(text, start, match.end())
            start = match.end()
    yield from trim_span(text, start, len(text))


def is_wrap(text: str, start: int, end: int) -> bool:
    """Return whether the line break at text[start:end] only wraps a sentence, as in a paragraph of a PDF."""
    if text[start:end] not in {"\n", "\r", "\r\n"}:
        return False
    before = re.split(r"[\r\n]", text[max(0, start - MAX_LINE) : start])[-1].rstrip()
    after = text[end : end + 1]
    if "|" in before or "\t" in before or not after.isalnum() or not before:
        return False
    if is_cjk(after):
        return len(before) >= MIN_WRAP // 2 and is_cjk(before[-1]) and before[-1].isalpha()
    return len(before) >= MIN_WRAP and (after.islower() or before[-1].islower() or before[-1] in ",;")


def trim_span(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the span without white space at its ends, unless it is empty."""
    inner = text[start:end]
    if inner.strip():
        yield start + len(inner) - len(inner.lstrip()), end - (len(inner) - len(inner.rstrip()))


def closest_sentence(text: str, claim: str, question: str) -> tuple[int, int]:
    """Return the span of the sentence with the most tokens of a claim and, at a lower weight, of its question."""
    wanted, asked = tokens(claim), tokens(question)

    def closeness(span: tuple[int, int]) -> tuple[float, int]:
        sentence = text[slice(*span)]
        return token_recall(wanted, sentence) + QUESTION_WEIGHT * token_recall(asked, sentence), -span[0]

    return max(sentence_spans(text), key=closeness, default=(0, len(text)))


def token_recall(claim: Sequence[str], source: str) -> float:
    """Return the share (0 to 1) of the claim's tokens that the source contains; numbers have triple weight."""
    if not claim:
        return 0.0
    held = set(tokens(source))
    weights = [(3.0 if is_number(token) else 1.0, token) for token in claim]
    found = sum(weight for weight, token in weights if token in held or (is_number(token) and contains_numbers(token, source)))
    return found / sum(weight for weight, _ in weights)


def is_number(token: str) -> bool:
    """Return whether the token contains a digit."""
    return any(character.isdigit() for character in token)


def contains_numbers(claim: str, source: str) -> bool:
    """Return whether the source contains each number of the claim, in any digit grouping (1,200 or 1200; dates).

    Numbers up to twelve always pass, because one of the texts often spells them out.
    """
    held, groups = digit_strings(source), set(re.findall(r"\d+", source))
    return all(
        number in held or set(re.findall(r"\d+", number)) <= groups or (number.isdigit() and int(number) <= 12)
        for number in digit_strings(claim)
    )


def digit_strings(text: str) -> set[str]:
    """Return the numbers in digits in a text, without thousands separators."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", unicodedata.normalize("NFKC", text))
    return {number.strip(".,:/-") for number in re.findall(r"\d[\d.,:/-]*", plain)}

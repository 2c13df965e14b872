"""A task and the files of the library in; the files that it is about, or a sentence that asks which, out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from assistant.errors import UsageError
from assistant.generation.documents.intent import Kind, Task
from assistant.text.languages import CJK
from assistant.text.sentences import STOP

WORD = re.compile(f"[{CJK}]|[^\\W_{CJK}]+")
BETWEEN = re.compile(r"\s+(?:and|with|to|versus|vs\.?|from|against)\s+(?:the )?|与|和|跟|同|、|以及")
QUOTED = re.compile(r"《([^》]+)》|[\"“]([^\"”]+)[\"”]|'([^']+)'")
EMPTY_WORDS = STOP | frozenset("file document version pdf all between two both my our s".split())
HINT = 'Name it in the question, or choose it: --path "*name*"; see what there is: assistant status --files'
MAX_MATCHES = 3
TABLES = frozenset(".csv .tsv .xlsx .xls .xlsb .xlsm .ods .parquet".split())
COUNTERS = re.compile(r"\b(?:these|those|the|two|both|versions?|of)\b|两|个|份|版本|这|的")


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the library: its text's hash, and when it was changed, in nanoseconds since 1970."""

    path: str
    title: str
    content_hash: str = ""
    mtime_ns: int = 0

    @property
    def name(self) -> str:
        """The file's name without its folders."""
        return PurePath(self.path).name


def sources_of(task: Task, question: str, sources: Sequence[Source], *, narrowed: bool) -> tuple[Source, ...]:
    """Return the files that a task is about; none where it is no task after all, but an ordinary question.

    `narrowed`: the person has chosen the files already. Raises UsageError where it is unclear which files are meant.
    """
    if task.kind is Kind.DIFFERENCES:
        return resolve_pair(task, question, sources)
    named = find_by_name(question, sources) or find_by_phrase(task.about, sources)
    if named:
        return named
    if task.kind is Kind.COUNTING:
        return tuple(source for source in sources if PurePath(source.path).suffix.lower() in TABLES)
    if task.kind is Kind.LISTING:
        return tuple(sources) if task.certain or not task.about else ()
    if task.certain and (len(sources) == 1 or task.everything or narrowed):
        return tuple(sources)
    if task.certain:
        raise UsageError(f"Which file is meant is not clear: there are {len(sources):,} of them.", HINT)
    return ()


def resolve_pair(task: Task, question: str, sources: Sequence[Source]) -> tuple[Source, ...]:
    """Return the two files to compare, in the order in which the question names them."""
    named = find_by_name(question, sources)
    if len(named) == 2:
        return named
    phrases = [phrase for phrase in BETWEEN.split(task.about) if phrase.strip()]
    if len(phrases) == 2:
        found = find_pair_by_phrases(phrases, sources)
        if len(found) == 2:
            return found
    if task.certain:
        among = find_by_phrase(COUNTERS.sub(" ", task.about), sources) or sources
        if len(among) == 2:
            return tuple(among)
        raise UsageError("Which two files are to be compared is not clear.",
                         'Name both: assistant ask "What changed between old.md and new.md?"')
    return ()


def find_pair_by_phrases(phrases: Sequence[str], sources: Sequence[Source]) -> tuple[Source, ...]:
    """Return the two files that two phrases name; "the 2023 and the 2024 agreement" says the noun once."""
    first, second = phrases
    noun, start = last_word(second), without_numbers(first)
    one = find_by_phrase(first, sources) or find_by_phrase(f"{first} {noun}", sources)
    other = find_by_phrase(second, sources) or find_by_phrase(f"{start} {second}", sources)
    one = one if len(one) == 1 else find_by_phrase(f"{first} {noun}", sources)
    other = other if len(other) == 1 else find_by_phrase(f"{start} {second}", sources)
    return (*one, *other) if len(one) == len(other) == 1 and one != other else ()


def last_word(phrase: str) -> str:
    """Return the last word, or the last two characters of Chinese."""
    words = WORD.findall(phrase)
    return "".join(words[-2:]) if words and re.match(f"[{CJK}]", words[-1]) else (words[-1] if words else "")


def without_numbers(phrase: str) -> str:
    """Return a phrase without its numbers, which are what two versions differ in."""
    return re.sub(r"\d+", " ", phrase)


def find_by_name(question: str, sources: Sequence[Source]) -> tuple[Source, ...]:
    """Return the files whose names or titles stand in the question word for word, in its order."""
    text = fold_name(question)
    found: list[tuple[int, Source]] = []
    for source in sources:
        place = name_position(text, source)
        if place >= 0:
            found.append((place, source))
    return tuple(source for _, source in sorted(found, key=lambda pair: pair[0]))


def name_position(text: str, source: Source) -> int:
    """Return where a file is named in folded text; -1 where it is not."""
    stem = fold_name(PurePath(source.path).stem)
    for name in (fold_name(source.name), stem if len(WORD.findall(stem)) > 1 else "", quoted_title(text, source)):
        match = re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) if name and not re.search(f"[{CJK}]", name) else None
        if match:
            return match.start()
        if name and re.search(f"[{CJK}]", name) and name in text:
            return text.index(name)
    return -1


def quoted_title(text: str, source: Source) -> str:
    """Return the file's title or name where the text has it in quotation marks."""
    names = {fold_name(source.title), fold_name(PurePath(source.path).stem)} - {""}
    quoted = {fold_name(part) for match in QUOTED.findall(text) for part in match if part}
    return next(iter(names & quoted), "")


def find_by_phrase(phrase: str, sources: Sequence[Source]) -> tuple[Source, ...]:
    """Return the files whose name and title hold all words of a phrase, where they are few enough to be meant by it."""
    wanted = {word for word in name_words(phrase) if word not in EMPTY_WORDS}
    if not wanted:
        return ()
    found = tuple(source for source in sources if wanted <= set(name_words(f"{PurePath(source.path).stem} {source.title}")))
    best = tuple(source for source in found if wanted == set(name_words(PurePath(source.path).stem)))
    return best if len(best) == 1 else found if len(found) <= MAX_MATCHES else ()


def name_words(text: str) -> list[str]:
    """Return the words of a name, plurals and capitals evened out."""
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
            for word in WORD.findall(fold_name(text))]


def fold_name(text: str) -> str:
    """Return the text as names are compared."""
    return unicodedata.normalize("NFKC", text).lower().strip()

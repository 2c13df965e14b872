"""Detect where other files contradict a sentence that an answer cites, and say so behind the answer, newest file first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePath

from assistant.datatypes import Answer, Citation, Conflict, ConflictSide, Hit
from assistant.generation.sentence_diff import Difference, is_value_word, numeric_values, sentence_diff, similar_sentences
from assistant.generation.support import narrow_location
from assistant.text.languages import language
from assistant.text.sentences import sentence_spans, tokens

VERSIONS = 0.6  # of the words of two passages, for one to be the other's version
MOST_SLOTS, MOST_EXTRA = 3, 0.7  # what two versions of a sentence may say differently, and have beside that
MOST_CONFLICTS = 3
LONGEST = 160  # characters of a quote
SAID = {
    "en": ("Your files disagree (newest first): {sides}.", " – ", "“{quote}” [{number}]", " ({date})"),
    "zh": ("您的文件说法不一（新的在前）：{sides}。", "；", "“{quote}” [{number}]", "（{date}）"),
}

VERSION_WORDS = re.compile(
    r"[\d\s_.()\-（）年月日]+|新|旧|版|修订|(?:^|(?<=[\s_\-.]))(?:v|ver|version|rev|old|new|final|draft|copy)(?=$|[\s\d_\-.])"
)


def find_conflicts(question: str, claim: str, citations: Sequence[Citation], passages: Sequence[Hit], rivals: Sequence[Hit],
                   modified_ns: Mapping[str, int]) -> tuple[Conflict, ...]:
    """Return where a sentence of another file has the frame of a cited one and denies the claim (the answer).

    `passages` are numbered as in the answer; `rivals` are the hits they were made of, and others. `modified_ns` holds the
    time of each file's last change, by path, in nanoseconds since 1970; files without one have no date.
    """
    found: list[Conflict] = []
    others: list[Hit] = []  # cited, and in no passage
    for citation in citations:
        own = holder((*rivals, *passages), citation)
        if own is None:
            continue
        sides = [side_of(citation, "", modified_ns)]
        for rival, start, end, slot in disagreeing(question, citation.quote, own, rivals):
            if not is_claimed(slot, claim):
                continue
            location = narrow_location(rival.chunk.location, rival.chunk.text, start, end)
            other = Citation(0, rival.path, rival.title, location, rival.chunk.text[start:end])
            read = holder((*passages, *others), other)
            others += [] if read else [rival]
            other = replace(other, number=[*passages, *others].index(read or rival) + 1)
            sides = [replace(sides[0], value=sides[0].value or slot.one), *sides[1:], side_of(other, slot.other, modified_ns)]
        if len({side.value for side in sides}) > 1 and not any(same_places(sides, known) for known in found):
            sides.sort(key=lambda side: (side.date, version_of(side.citation.path, side.citation.title)), reverse=True)
            found.append(Conflict(tuple(sides)))
    return tuple(found[:MOST_CONFLICTS])


def holder(hits: Sequence[Hit], citation: Citation) -> Hit | None:
    """Return the first hit that contains a cited text; None if none does."""
    place = citation.location
    return next((hit for hit in hits if hit.path == citation.path and citation.quote in hit.chunk.text
                 and hit.chunk.location.char_start <= place.char_start and place.char_end <= hit.chunk.location.char_end), None)


def is_claimed(slot: Difference, claim: str) -> bool:
    """Return whether the answer says the one thing in which the sentences differ."""
    if slot.kind == "denial":
        return True
    said, claimed = (said_in(text) if slot.kind == "value" else set(tokens(text)) for text in (slot.one, claim))
    return bool(said & claimed)


def said_in(text: str) -> set[str]:
    """Return what the numbers and dates of a text say, with what they include, and its other words."""
    keys = {key for figure in numeric_values(text) for key in figure.implied}
    return keys | {word for word in tokens(text) if is_value_word(word)}


def side_of(citation: Citation, value: str, modified_ns: Mapping[str, int]) -> ConflictSide:
    """Return one side of a conflict."""
    return ConflictSide(citation, value, date_of(citation.path, citation.title, modified_ns.get(citation.path, 0)))


def same_places(sides: Sequence[ConflictSide], known: Conflict) -> bool:
    """Return whether a conflict between the same sentences is known."""
    def places(them: Sequence[ConflictSide]) -> set[tuple[str, int]]:
        return {(side.citation.path, side.citation.location.char_start) for side in them}

    return bool(places(sides) & places(known.sides)) and places(sides) <= places(known.sides)


def disagreeing(question: str, sentence: str, own: Hit, rivals: Sequence[Hit]) -> Iterator[tuple[Hit, int, int, Difference]]:
    """Yield the sentences of other files that say otherwise: (passage, start, end, what), at most one to a file."""
    seen = {own.path}
    for rival in rivals:
        if rival.path in seen:
            continue
        places = list(sentence_spans(rival.chunk.text))
        texts = [rival.chunk.text[start:end] for start, end in places]
        if any(" ".join(text.split()) == " ".join(sentence.split()) for text in texts):
            continue
        versions = are_versions(own, rival)
        for place in similar_sentences(sentence, texts):
            slots = [slot for slot in sentence_diff(sentence, texts[place], *((MOST_SLOTS, MOST_EXTRA) if versions else ()))
                     if not (names(own, slot.one, slot.other) and names(rival, slot.other, slot.one))]
            if slots and answers_as_well(question, sentence, own, texts[place], rival, slots):
                seen.add(rival.path)
                yield rival, *places[place], min(slots, key=lambda slot: slot.kind != "value")  # a number names it best
                break


def names(hit: Hit, value: str, other: str) -> bool:
    """Return whether what sets a value apart from another stands in the name or the title of its file.

    Then it says which file this is, not what the file says.
    """
    held = set(tokens(f"{hit.title} {re.sub('[_-]', ' ', PurePath(hit.path).stem)}"))
    return any(is_value_word(word) and word in held for word in set(tokens(value)) - set(tokens(other)))


def are_versions(one: Hit, other: Hit) -> bool:
    """Return whether two passages are of two versions of one file, by their names or by their words."""
    bare, other_bare = (VERSION_WORDS.sub("", PurePath(hit.path).stem.lower()) for hit in (one, other))
    if bare == other_bare:
        return True
    words, others = set(tokens(one.chunk.text)), set(tokens(other.chunk.text))
    return len(words) > 2 * MOST_SLOTS and len(words & others) >= VERSIONS * max(len(words), len(others))


def answers_as_well(question: str, sentence: str, own: Hit, other: str, rival: Hit, slots: Sequence[Difference]) -> bool:
    """Return whether the other sentence has the same words of the question as the cited one, and the question is about them.

    Words of the places in which they differ do not count; those of the title, the headings and the file's name do.
    """
    differing = {word for slot in slots for word in (*tokens(slot.one), *tokens(slot.other))
                 if is_value_word(word) or slot.kind != "value"}
    denied = {word for slot in slots if slot.kind == "denial" for word in (*tokens(slot.one), *tokens(slot.other))}
    asked = {stem(word) for word in tokens(question)}
    asked -= {stem(word) for word in differing if word not in tokens(question) or word in denied}
    held = asked & words_around(sentence, own)
    frame = asked & {stem(word) for word in tokens(sentence)} & {stem(word) for word in tokens(other)}
    return bool(frame) and held == asked & words_around(other, rival)


def words_around(sentence: str, hit: Hit) -> set[str]:
    """Return the words of a sentence and of what stands above it."""
    above = f"{hit.title} {PurePath(hit.path).stem} {hit.chunk.context} {hit.chunk.location.heading or ''}"
    return {stem(word) for word in tokens(f"{sentence} {re.sub('[_-]', ' ', above)}")}


def stem(word: str) -> str:
    """Return a word without the endings of number and tense."""
    return re.sub(r"(?<=\w{3})(?:ies|es|s|ed|ing|e)$", "", word)


def conflict_text(question: str, found: Sequence[Conflict]) -> str:
    """Return the sentences that say so, in the question's language; English where it is neither English nor Chinese."""
    whole, between, said, dated = SAID["zh" if language(question) == "zh" else "en"]
    return "\n".join(
        whole.format(sides=between.join(
            said.format(quote=shortened(side.citation.quote), number=side.citation.number)
            + (dated.format(date=side.date) if side.date else "") for side in conflict.sides
        )) for conflict in found
    )


def shortened(quote: str) -> str:
    """Return a quote on one line, no longer than can be read at a glance."""
    line = " ".join(re.sub(r"\*\*|__|^[-*#>|\s]+", "", quote).split())
    return line if len(line) <= LONGEST else line[:LONGEST].rsplit(" ", 1)[0] + " …"


DATE = re.compile(
    r"(?<!\d)((?:19|20)\d{2})(?:[-_. /年]?(0[1-9]|1[0-2]|[1-9](?=月))(?:[-_. /月]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)"
)
VERSION = re.compile(r"(?:^|[\s_\-.(（])(?:v|ver|version|rev|revision|版本|第)\s?\.?(\d{1,3}(?:\.\d{1,3})*)", re.IGNORECASE)
NANOSECONDS = 10**9


def date_of(path: str, title: str, mtime_ns: int) -> str:
    """Return "2024-03-01", "2024-03" or "2024": from the name, else the title, else the time of change; empty where unknown."""
    for text in (PurePath(path).stem, title):
        if match := DATE.search(text):
            return "-".join(part.zfill(2) for part in match.groups() if part)
    return datetime.fromtimestamp(mtime_ns / NANOSECONDS, UTC).date().isoformat() if mtime_ns else ""


def version_of(path: str, title: str) -> tuple[int, ...]:
    """Return the version in a file's name or title, as numbers; empty where there is none."""
    for text in (PurePath(path).stem, title):
        if match := VERSION.search(text):
            return tuple(int(part) for part in match.group(1).split("."))
    return ()


def add_conflicts(answer: Answer, found: Sequence[Conflict]) -> Answer:
    """Return the answer with the contradictions behind its text and their quotes among its citations."""
    if not found:
        return answer
    known = {side.citation.number: side.citation for conflict in found for side in conflict.sides}
    known |= {citation.number: citation for citation in answer.citations}
    return replace(answer, text=f"{answer.text}\n\n{conflict_text(answer.question, found)}",
                   citations=tuple(known[number] for number in sorted(known)), conflicts=tuple(found))

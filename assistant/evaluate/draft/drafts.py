"""Drafted questions in, lines of a file of questions out; and which passages such a file is about already."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from assistant.datatypes import Hit
from assistant.errors import UsageError
from assistant.evaluate.draft.facts import Fact
from assistant.evaluate.gold import ends_with
from assistant.naming import expanded
from assistant.opening import read_file
from assistant.text.languages import is_cjk

LARGEST = 2**28  # bytes of a file of questions


@dataclass(frozen=True, slots=True)
class Draft:
    """A question that a model wrote, the fact that answers it, and the passage that it is about.

    One that cannot be answered has no fact; `swapped` says what was put in the place of what.
    """

    question: str
    hit: Hit
    fact: Fact | None
    swapped: tuple[str, str] = ("", "")

    @property
    def identity(self) -> str:
        """What tells it from others: where its passage stands, and whether it can be answered."""
        place = self.hit.chunk.location
        return f"{PurePath(self.hit.path).name}:{place.char_start}" + ("" if self.fact else ":unanswerable")


def to_line(draft: Draft, paths: Iterable[str]) -> str:
    """Return the draft as a line of JSON that `assistant eval` reads; `draft` is for the person to take away."""
    record: dict[str, object] = {"id": draft.identity, "question": draft.question, "draft": True,
                                 "lang": "zh" if is_cjk(draft.question) else "en", "answerable": draft.fact is not None}
    if draft.fact is None:
        record |= {"kind": "unanswerable", "answers": [], "swapped": list(draft.swapped)}
    else:
        record |= {"kind": PurePath(draft.hit.path).suffix.lstrip("."), **gold(draft.hit, draft.fact, paths)}
    return json.dumps(record, ensure_ascii=False)


def gold(hit: Hit, fact: Fact, paths: Iterable[str]) -> dict[str, object]:
    """Return the right answer and where it stands: file, characters, page and the sentence to look at."""
    place = hit.chunk.location
    start = place.char_start + fact.start
    page = {} if place.page is None and place.slide is None else {"gold_page": place.page or place.slide}
    return {"answers": [fact.text.strip("《》")], "gold_docs": [shortest_name(hit.path, paths)], **page,
            "gold_span": {"start": start, "end": start + len(fact.text)}, "sentence": fact.sentence}


def shortest_name(path: str, paths: Iterable[str]) -> str:
    """Return the shortest end of a path that no other path has."""
    parts, others = PurePath(path).parts, [other for other in paths if other != path]
    for count in range(1, len(parts)):
        name = str(PurePath(*parts[-count:]))
        others = [other for other in others if ends_with(other, name)]
        if not others:
            return name
    return path


def read_drafted(path: Path) -> frozenset[str]:
    """Return the ids of the questions in a file; none where there is no such file. Raises UsageError where it holds others."""
    try:
        lines = read_file(expanded(path), LARGEST).decode("utf-8").split("\n")
        return frozenset(str(json.loads(line)["id"]) for line in lines if line.strip())
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"{path} is not a file of drafted questions.", "Give --out a new file.") from error

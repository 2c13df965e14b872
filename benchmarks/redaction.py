"""Measure how completely identifiers are replaced before a prompt leaves the machine, and how often other text is.

`redaction.jsonl`: the project's own sentences, English and Chinese, with made-up identifiers. The errors in half of them
(`"half": "held"`) were never looked at while the patterns were changed.

Usage: python benchmarks/redaction.py [--half fit|held|all] [--errors] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import checkout  # noqa: F401

from assistant.text.identifiers import Identifier, find_identifiers

SENTENCES = Path(__file__).with_name("redaction.jsonl")
RECALL, PRECISION = 0.97, 0.95  # bars


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence with the values that must be replaced."""

    id: str
    language: str
    half: str
    text: str
    values: tuple[str, ...]

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The places of the values, in order."""
        found, start = [], 0
        for value in self.values:
            start = self.text.index(value, start)
            found.append((start, start + len(value)))
            start += len(value)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over sentences: a value is replaced if no character of it is left, a replacement is right if it covers one."""

    sentences: int
    values: int
    replaced: int
    replacements: int
    right: int

    @property
    def recall(self) -> float:
        """The share of the values that are replaced."""
        return self.replaced / self.values if self.values else 1.0

    @property
    def precision(self) -> float:
        """The share of the replacements that cover a value."""
        return self.right / self.replacements if self.replacements else 1.0


def load(half: str = "all") -> list[Labelled]:
    """Return the sentences of a half."""
    entries = map(json.loads, SENTENCES.read_text("utf-8").splitlines())
    all_of_them = [Labelled(entry["id"], entry["language"], entry["half"], entry["text"],
                            tuple(each["value"] for each in entry["identifiers"])) for entry in entries]
    return [each for each in all_of_them if half in ("all", each.half)]


def is_replaced(text: str, span: tuple[int, int], found: Sequence[Identifier]) -> bool:
    """Return whether no letter and no digit of a value is left."""
    covered = {place for each in found for place in range(each.start, each.end)}
    return all(place in covered for place in range(*span) if text[place].isalnum())


def is_right(each: Identifier, spans: Sequence[tuple[int, int]]) -> bool:
    """Return whether a replacement covers a part of a value and no more than two characters beside it."""
    return any(each.start < end and start < each.end and (each.end - each.start) <= (end - start) + 2 for start, end in spans)


def measure(sentences: Sequence[Labelled]) -> Score:
    """Return the counts over sentences."""
    found = [find_identifiers(each.text) for each in sentences]
    return Score(len(sentences), sum(len(each.values) for each in sentences),
                 sum(is_replaced(each.text, span, hits) for each, hits in zip(sentences, found, strict=True)
                     for span in each.spans),
                 sum(map(len, found)),
                 sum(is_right(hit, each.spans) for each, hits in zip(sentences, found, strict=True) for hit in hits))


def errors(sentences: Sequence[Labelled]) -> Iterator[str]:
    """Yield the values that are left, and what is replaced without need."""
    for each in sentences:
        found = find_identifiers(each.text)
        yield from (f"{each.id} left      {each.text[start:end]}" for start, end in each.spans
                    if not is_replaced(each.text, (start, end), found))
        yield from (f"{each.id} needless  {hit.kind} {each.text[hit.start : hit.end]}" for hit in found
                    if not is_right(hit, each.spans))


def main() -> int:
    """Print the scores; return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("fit", "held", "all"), default="all")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sentences = load(options.half)
    if options.errors:
        sys.stderr.write("".join(f"{line}\n" for line in errors(sentences)))
    rows = {"all": sentences, **{name: [each for each in sentences if name in (each.language, each.half)]
                                 for name in ("en", "zh", "fit", "held")}}
    scores = {name: measure(chosen) for name, chosen in rows.items() if chosen}
    for name, score in scores.items():
        record = {**asdict(score), "recall": round(score.recall, 4), "precision": round(score.precision, 4)}
        print(json.dumps({"part": name, **record}) if options.json else f"{name:5} {record}")
    whole = scores["all"]
    return int(whole.recall < RECALL or whole.precision < PRECISION)


if __name__ == "__main__":
    sys.exit(main())

"""Measure the check of sentences on ordinary text: true and false sentences made from passages of question answering sets.

    python benchmarks/ordinary_claims.py DATA [--sets squad2 cmrc] [--limit 300] [--seed 7] [--list KIND]

The passage is the text around a gold answer, in whole sentences. True are its sentence copied, with words left out, with its
opening clause moved to the end, and the question with the answer in the place of its interrogative. False are the copied
sentence with a number, a name or an answer exchanged for another of the passage, and with a negation put in. No models.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import checkout  # noqa: F401
from quotes import claim_of
from report import markdown_table

from assistant.datatypes import Chunk, Location
from assistant.generation.support import attribute
from assistant.text.facts import parse_chunk, parse_claim

AROUND = 600  # characters of the passage on each side of the answer
LEFT_OUT = 0.15
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w.,]*\d)")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)*")
KEPT = re.compile(r"\d|[A-Z]|^(?:not|no|never|without|nor|neither|cannot|\w+n't|and|or|but|from|to|by|in|of)$")
VERB = re.compile(r" (?:is|was|are|were|has been|had been|can|could|will|would) ")
VERB_ZH = re.compile("(?<!不)(?<!还)(?:是|可以|能够)(?!否)")
OPENING = re.compile(r"((?:In|On|At|By|After|During|Since|From|Until) [^,;]{3,40}), (\S.*)", re.S)
OPENING_ZH = re.compile("([^，。；]{2,14}[年月日]|在[^，。；]{2,12})，([^，]{6,}。)")


@dataclass(frozen=True, slots=True)
class Made:
    """A sentence made from a passage: how, whether it is true, and the passage."""

    kind: str
    right: bool
    claim: str
    passage: str


def pieces(text: str) -> list[str]:
    """Return the sentences of a text."""
    return [piece.strip() for piece in SENTENCE_END.split(text) if piece.strip()]


def passage_at(text: str, start: int, end: int) -> tuple[str, str]:
    """Return the passage around text[start:end] in whole sentences, and its sentence with the answer."""
    ends = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    first = min((place for place in ends if place >= start - AROUND), default=0)
    last = max((place for place in ends if place <= end + AROUND), default=len(text))
    opened, closed = max(place for place in ends if place <= start), min(place for place in ends if place >= end)
    return text[min(first, opened) : max(last, closed)].strip(), text[opened:closed].strip()


def made_of(record: dict[str, Any], corpus: Path, draw: random.Random) -> Iterator[Made]:
    """Yield the sentences made of a question's gold passage."""
    span = record["spans"][0]
    text = (corpus / span["doc"]).read_text("utf-8")
    passage, sentence = passage_at(text, span["start"], span["end"])
    chinese = record["lang"] == "zh"
    if not 25 - 15 * chinese <= len(sentence) <= 300:
        return
    yield Made("copied", True, sentence, passage)
    yield Made("question and answer", True, claim_of(record["question"], span["text"]), passage)
    if not chinese:
        yield Made(
            "words left out",
            True,
            " ".join(word for word in sentence.split() if KEPT.search(word) or draw.random() > LEFT_OUT),
            passage,
        )
    if opening := (OPENING_ZH if chinese else OPENING).fullmatch(sentence):
        yield Made("opening moved", True, moved(opening[1], opening[2], chinese=chinese), passage)
    for kind, pattern in (("number exchanged", NUMBER), ("name exchanged", NAME)):
        others = sorted(set(pattern.findall(passage)) - set(pattern.findall(sentence)))
        own = list(pattern.finditer(sentence))
        if others and own:
            match = draw.choice(own)
            yield Made(kind, False, sentence[: match.start()] + draw.choice(others) + sentence[match.end() :], passage)
    if verb := (VERB_ZH if chinese else VERB).search(sentence):
        yield Made(
            "negation put in",
            False,
            sentence[: verb.start() if chinese else verb.end()]
            + ("不" if chinese else "not ")
            + sentence[verb.start() if chinese else verb.end() :],
            passage,
        )


def moved(opening: str, rest: str, *, chinese: bool) -> str:
    """Return a sentence with its opening behind the rest."""
    if chinese:
        return f"{rest.rstrip('。')}，{opening}。"
    return f"{rest[0].upper()}{rest[1:].rstrip('.')} {opening[0].lower()}{opening[1:]}."


def main() -> int:
    """Measure and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=["squad2", "cmrc"])
    parser.add_argument("--limit", type=int, default=300, help="questions of a set (default 300)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--list", metavar="KIND", help="print the sentences of this kind that are judged wrongly")
    said = parser.parse_args()
    counts, failed = Counter[tuple[str, str, bool, str]](), []
    for name in said.sets:
        draw = random.Random(said.seed)
        lines = (said.data / name / "queries.jsonl").read_text("utf-8").splitlines()
        records = [record for record in map(json.loads, lines) if record["answerable"] and record.get("spans")]
        for record in sorted(records, key=lambda record: str(record["id"]))[: said.limit]:
            for made in made_of(record, said.data / name / "corpus", draw):
                chunk = Chunk(made.passage, Location(1, 1, 0, len(made.passage)))
                support = attribute(parse_claim(made.claim, ""), (), [parse_chunk(chunk)]).support
                counts[name, made.kind, made.right, support] += 1
                if (support == "full") != made.right and made.kind == said.list:
                    failed.append({"support": support, "claim": made.claim, "passage": made.passage})
    rows = []
    for name, kind, right in sorted({key[:3] for key in counts}, key=lambda key: (key[0], not key[2], key[1])):
        every = [counts[name, kind, right, grade] for grade in ("full", "partial", "none")]
        rows.append([name, "true" if right else "false", kind, sum(every), *(f"{count / sum(every):.3f}" for count in every)])
    print(markdown_table(["set", "", "made by", "sentences", "full", "partial", "none"], rows))
    for each in failed:
        print(json.dumps(each, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

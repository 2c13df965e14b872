"""Measure how often the quoted unit holds the answer's value, on answerable questions with the answer in a gold passage.

    python benchmarks/quotes.py DATA [--sets squad2 cmrc multiformat] [--limit 300] [--list]

The claim is built without a chat model: the question's interrogative ("how many", "who", "什么") gives way to the gold answer and
the question mark to a full stop; a question without one is followed by the answer. The passage is the chunk that holds the gold
span, or, where none is given, the chunk of the gold files with an answer and most words of the gold section. Right is a quote
that holds a gold answer. Passages of a single unit are left out, since nothing can be chosen there. No models.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import checkout  # noqa: F401
from documents import read_document
from intervals import share_text
from report import markdown_table
from wording import is_contained, tokenize

from assistant.datatypes import Chunk, Hit
from assistant.errors import UnreadableFile
from assistant.generation.support import cite
from assistant.ingest import chunk
from assistant.models.fake import FakeEmbedder

LARGEST = 100_000_000  # bytes of a file
ENGLISH = re.compile(r"\b(?:how (?:many|much|long|old|far|often|big|large|high)|(?:in |on |at |to |from |by )?(?:what|which)"
                     r"|when|where|who|whom|whose|why|how)\b", re.IGNORECASE)
CHINESE = re.compile("什么时候|什么地方|什么名字|哪一?[年月日天个位些种里座家部条]|为什么|怎么样|怎样|什么|多少|几|谁|哪里"
                     "|何时|何地|何")


@dataclass(frozen=True, slots=True)
class Quoted:
    """A question, its claim, the quote, and whether that holds a gold answer."""

    set_name: str
    question: str
    claim: str
    quote: str
    answers: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Return whether the quote holds a gold answer."""
        return any(is_contained(answer, self.quote) for answer in self.answers)


def claim_of(question: str, answer: str) -> str:
    """Return a claim: the question with the answer in the place of its interrogative."""
    chinese = bool(re.search("[\u3400-\u9fff]", question))
    pattern, body = CHINESE if chinese else ENGLISH, question.strip().rstrip("?？")
    claim, count = pattern.subn(lambda _: answer, body, count=1)
    return (claim if count else f"{body} {answer}") + ("。" if chinese else ".")


@cache
def chunks_of(path: Path) -> tuple[Chunk, ...]:
    """Return the chunks of a file; an empty tuple if it cannot be read."""
    try:
        return chunk(read_document(path, LARGEST), FakeEmbedder().count_tokens)
    except (UnreadableFile, OSError):
        return ()


def passage_of(corpus: Path, record: dict[str, Any]) -> Chunk | None:
    """Return the gold passage of a question, None if no chunk holds an answer."""
    for span in record.get("spans", []):
        for each in chunks_of(corpus / span["doc"]):
            if each.location.char_start <= span["start"] and span["end"] <= each.location.char_end:
                return each
    section = set(tokenize(record.get("section_text", "")))
    holding = [each for name in record["gold_docs"] for each in chunks_of(corpus / name)
               if any(is_contained(answer, each.text) for answer in record["answers"])]
    return max(holding, key=lambda each: len(section & set(tokenize(each.text))), default=None)


def quoted(data: Path, name: str, limit: int) -> Iterator[Quoted]:
    """Yield the quotes of a set: of its first questions, in the order of their ids, that can be measured."""
    lines = (data / name / "queries.jsonl").read_text("utf-8").splitlines()
    records = sorted((json.loads(line) for line in lines), key=lambda record: str(record["id"]))
    found = 0
    for record in records:
        passage = passage_of(data / name / "corpus", record) if record["answerable"] and record.get("answers") else None
        if passage is None or found >= limit:
            continue
        answers = tuple(answer for answer in record["answers"] if is_contained(answer, passage.text))
        claim = claim_of(record["question"], answers[0]) if answers else ""
        quote = cite(1, Hit(1, "/a", "", passage), claim, record["question"]).quote if claim else ""
        if claim and quote.strip() != passage.text.strip():
            found += 1
            yield Quoted(name, record["question"], claim, quote, answers)


def main() -> int:
    """Measure and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=["squad2", "cmrc", "multiformat"])
    parser.add_argument("--limit", type=int, default=300, help="questions of a set (default 300)")
    parser.add_argument("--list", action="store_true", help="print the wrong ones")
    said = parser.parse_args()
    found = [each for name in said.sets for each in quoted(said.data, name, said.limit)]
    groups = [(name, [each for each in found if each.set_name == name]) for name in said.sets] + [("all", found)]
    rows = [[name, len(group), share_text(sum(each.right for each in group), len(group))] for name, group in groups]
    print(markdown_table(["set", "questions", "quote holds the answer"], rows))
    for each in found if said.list else ():
        if not each.right:
            print(json.dumps({"claim": each.claim, "quote": each.quote, "answers": each.answers}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

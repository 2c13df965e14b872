"""Measure how well the support check tells a right number from a number of another place.

    python benchmarks/support.py FOLDER... [--files 200] [--seed 7]

Takes sentences with a number, leaves three English words in ten out, exchanges a number for another of the same passage, and
counts the support of both. Passages are windows of 1,000 characters.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import checkout  # noqa: F401
from report import markdown_table

from assistant.datatypes import Chunk, Location
from assistant.generation.support import judge_support
from assistant.text.facts import parse_chunk, parse_claim
from assistant.text.sentences import sentence_spans

NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w.,]*\d)")
WINDOW = 1000
LENGTHS = range(25, 301)  # characters of a sentence that is taken
LEFT_OUT = 0.3


def windows(folders: Sequence[Path], files: int, draw: random.Random) -> Iterator[str]:
    """Yield windows of text files, drawn from each folder."""
    for folder in folders:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in {".txt", ".md"})
        for path in draw.sample(paths, min(files, len(paths))):
            text = path.read_text("utf-8", "replace")
            yield from (text[start : start + WINDOW] for start in range(0, len(text), WINDOW))


def exchanged(window: str, draw: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yield language, a sentence of a window with words left out, and the same with another number of the window."""
    for start, end in sentence_spans(window):
        sentence = window[start:end]
        others = sorted(set(NUMBER.findall(window)) - set(NUMBER.findall(sentence)))
        if len(sentence) in LENGTHS and others and NUMBER.search(sentence):
            said = " ".join(word for word in sentence.split() if NUMBER.search(word) or draw.random() > LEFT_OUT)
            match = draw.choice(list(NUMBER.finditer(said)))
            language = "Chinese" if re.search("[\u3400-\u9fff]", sentence) else "English"
            yield language, said, said[: match.start()] + draw.choice(others) + said[match.end():]


def check_exchanged(folders: Sequence[Path], files: int, seed: int) -> None:
    """Print the support of true sentences, and of those with an exchanged number."""
    draw, counts = random.Random(seed), Counter[tuple[str, str, str]]()
    for window in windows(folders, files, draw):
        source = parse_chunk(Chunk(window, Location(1, 1, 0, len(window))))
        for language, true, false in exchanged(window, draw):
            for sort, sentence in (("true", true), ("number exchanged", false)):
                counts[language, sort, judge_support(parse_claim(sentence, ""), [source]).support] += 1
    rows = sorted({key[:2] for key in counts}, reverse=True)
    print(markdown_table(["", "full", "partial", "none"],
                         [[", ".join(row), *(counts[(*row, grade)] for grade in ("full", "partial", "none"))] for row in rows]))


def main() -> int:
    """Measure and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--files", type=int, default=200, help="how many of each folder (default 200)")
    parser.add_argument("--seed", type=int, default=7, help="of what is drawn (default 7)")
    said = parser.parse_args()
    check_exchanged(said.folders, said.files, said.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())

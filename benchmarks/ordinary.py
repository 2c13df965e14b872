"""Count the ordinary sentences that a model would not read as they stand, in any folder of text.

    python benchmarks/ordinary.py FOLDER [FOLDER ...] [--half fit|report|all] [--files N] [--examples 20] [--json]

Reads plain text, Markdown, reStructuredText and pages of a manual (roff, also gzipped), splits them into sentences as the
program does, and puts each file through `generation.untrusted_text`. A sentence is `changed` where words of it do not reach the
model: `masked` ones set a model's orders aside as far as the rules can tell, and those in `comments` stand in a comment of HTML
in a file that is no Markdown, where a reader does see it. Counted apart are the sentences in comments of Markdown (`hidden`),
which no reader of it sees. `respelled` ones lost nothing but characters of no width, or got a space into the mark of a chat
template. An answer names every file with a changed sentence. `--half` divides the files by a hash of their path, so that what
the rules were made with is not what is reported. The bar is one changed sentence in 20,000.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.generation.untrusted_text import find_instructions, hidden_comments, sanitize, visible_text
from assistant.text.sentences import sentence_spans

BAR = 20_000
RENDERED = {".md", ".markdown"}
PLAIN = {"", ".txt", ".md", ".markdown", ".rst", ".text", ".po", ".adoc"}
MANUAL = re.compile(r"\.[0-9ln][a-z0-9]{0,10}$")
LARGEST = 8 * 2**20  # bytes
REQUEST = re.compile(r"^[.'][ \t]*(?:SH|SS|TP|B|I|BR|RB|BI|IB|IR|RI|SM|SB|IP|Sh|Ss|It|Nm|Nd|Pa|Fl|Ar|Li|Em|Sy|Dq|Ql)\b"
                     r"[ \t]*(.*)$")
ESCAPES = (
    (re.compile(r"\\f(?:\[[^\]]*\]|\([^\s]{2}|.)|\\s[+-]?\d|\\[&|^/,:%)]"), ""),
    (re.compile(r"\\\(?(?:aq|cq|oq)|\\\[[ac]q\]"), "'"),
    (re.compile(r"\\\((?:lq|rq|dq)|\\\[[lrd]q\]|\\\*\([LR]\""), '"'),
    (re.compile(r"\\\((?:em|en|hy)|\\-"), "-"),
    (re.compile(r"\\[e\\]"), r"\\"), (re.compile(r"\\[~0 ]"), " "),
    (re.compile(r"\\\*?\(..|\\\*?\[[^\]]*\]|\\\".*"), ""),
)


@dataclass(slots=True)
class Count:
    """Sentences that were seen, and what became of them."""

    files: int = 0
    sentences: int = 0
    masked: int = 0
    comments: int = 0
    hidden: int = 0
    respelled: int = 0
    examples: list[dict[str, str]] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """Sentences with words that do not reach the model."""
        return self.masked + self.comments

    def add(self, path: Path, text: str) -> None:
        """Count the sentences of one file."""
        shown = visible_text(text)
        orders = [shown[start:end] for start, end in find_instructions(shown)]
        in_comments = [sentence for comment in hidden_comments(text) for sentence in sentences_of(comment)]
        seen = [] if path.name.removesuffix(".gz").endswith(tuple(RENDERED)) else in_comments
        self.files += 1
        self.sentences += sum(1 for _ in sentence_spans(text))
        self.masked += len(orders)
        self.comments += len(seen)
        self.hidden += len(in_comments) - len(seen)
        self.respelled += sum(sanitize(sentence) != sentence for sentence in sentences_of(text)) if sanitize(text) != text else 0
        self.examples += [{"file": str(path), "why": why, "sentence": " ".join(sentence.split())[:300]}
                          for why, found in (("masked", orders), ("comment", seen)) for sentence in found]


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text."""
    return [text[start:end] for start, end in sentence_spans(text)]


def chosen(folders: Sequence[Path], half: str, files: int | None) -> list[Path]:
    """Return the files of the folders in one half, or in both, at most so many; a file behind a link only under its own name."""
    found = {path for folder in folders for path in folder.rglob("*")
             if not path.is_symlink() and path.is_file() and path.stat().st_size <= LARGEST and half in {"all", half_of(path)}}
    return sorted(found, key=digest)[:files]


def texts_of(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the text of each file that is text."""
    for path in paths:
        inner = path.with_suffix("") if path.suffix == ".gz" else path
        is_manual = bool(MANUAL.search(inner.name))
        if is_manual or inner.suffix.lower() in PLAIN:
            text = decoded(path)
            if text:
                yield path, without_roff(text) if is_manual and is_roff(text) else text


def decoded(path: Path) -> str:
    """Return a file's text; empty where it is none."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, ValueError):
        return ""
    if b"\0" in content:
        return ""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def is_roff(text: str) -> bool:
    """Return whether a text has the requests of a page of a manual."""
    return bool(re.search(r"^[.'](?:TH|SH|Dd|Sh|so)\b", text, re.MULTILINE))


def without_roff(text: str) -> str:
    """Return the words of a page of a manual: requests and escapes left out, the words that they set kept."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith((".", "'")):
            found = REQUEST.match(line)
            line = found.group(1).replace('"', "") if found else ""
        for escape, plain in ESCAPES:
            line = escape.sub(plain, line)
        lines.append(line)
    return "\n".join(lines)


def half_of(path: Path) -> str:
    """Return the half that a file belongs to, by a hash of its path."""
    return ("fit", "report")[digest(path)[0] % 2]


def digest(path: Path) -> bytes:
    """Return the hash of a path."""
    return hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).digest()


def counted(paths: Sequence[Path]) -> Count:
    """Return the count over all files."""
    count = Count()
    for path, text in texts_of(paths):
        count.add(path, text)
    return count


def report(count: Count, examples: int) -> dict[str, object]:
    """Return the count as it is printed."""
    return {"files": count.files, "sentences": count.sentences, "changed": count.changed, "masked": count.masked,
            "comments": count.comments, "hidden": count.hidden, "respelled": count.respelled,
            "one_in": round(count.sentences / count.changed) if count.changed else None, "examples": count.examples[:examples]}


def main() -> int:
    """Count, print and return the exit code: 1 where the bar is missed, or where there was no text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="folder of text")
    parser.add_argument("--half", choices=("fit", "report", "all"), default="all", help="only the files of one half")
    parser.add_argument("--files", type=int, metavar="N", help="only so many files, chosen by the hash of their path")
    parser.add_argument("--examples", type=int, default=20, metavar="N", help="show at most so many changed sentences")
    parser.add_argument("--json", action="store_true", help="print one object")
    arguments = parser.parse_args()
    count = counted(chosen(arguments.folders, arguments.half, arguments.files))
    if arguments.json:
        print(json.dumps(report(count, arguments.examples), ensure_ascii=False))
    else:
        print(f"{count.sentences:,} sentences of {count.files:,} files; changed: {count.masked:,} masked, {count.comments:,} in "
              f"comments; respelled: {count.respelled:,}. The bar is one changed in {BAR:,}.")
        for example in count.examples[: arguments.examples]:
            print(f"{example['why']}: {example['sentence']}\n    {example['file']}")
    if not count.sentences:
        print("There was no text.", file=sys.stderr)
    return int(not count.sentences or count.changed * BAR > count.sentences)


if __name__ == "__main__":
    sys.exit(main())

"""Measure the check of sentences on hand-written claims: how many wrong ones it calls full, how many right ones less than full.

    python benchmarks/claims.py benchmarks/faults/claims.jsonl [--cite-all] [--list] [--json]

A line of the file is {"id", "lang", "kind", "claim", "sources": [{"text", "title", "heading", "context"?}], "right"};
`context` is the header of a table. `--cite-all` takes it that the model cited all sources. No models; seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import checkout  # noqa: F401
from intervals import share_text
from report import markdown_table

from assistant.datatypes import Chunk, Location, Support
from assistant.generation.support import attribute
from assistant.text.facts import parse_chunk, parse_claim


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim, what is right, and the support that the program gives it."""

    id: str
    lang: str
    kind: str
    claim: str
    right: bool
    support: Support

    @property
    def failed(self) -> bool:
        """Return whether a wrong claim is called full, or a right one less than full."""
        return (self.support == "full") != self.right


def chunk_of(source: Mapping[str, str]) -> Chunk:
    """Return the chunk of a source; title, heading and table header are its context, as the chunker joins them."""
    context = "\n".join(filter(None, (source.get("title"), source.get("heading"), source.get("context"))))
    text = source["text"]
    return Chunk(text, Location(1, text.count("\n") + 1, 0, len(text)), context)


def judge_file(path: Path, cite_all: bool) -> Iterator[JudgedClaim]:
    """Yield the claims of a JSON lines file, judged."""
    for line in path.read_text("utf-8").splitlines():
        record = json.loads(line)
        sources = [parse_chunk(chunk_of(source)) for source in record["sources"]]
        written = range(1, len(sources) + 1) if cite_all else ()
        found = attribute(parse_claim(record["claim"], ""), written, sources)
        yield JudgedClaim(record["id"], record["lang"], record["kind"], record["claim"], record["right"], found.support)


def rows_of(claims: Sequence[JudgedClaim], right: bool) -> list[list[str | int]]:
    """Return a table row for all claims of one sort, for each language and for each kind."""
    ours = [claim for claim in claims if claim.right is right]
    groups = [("all", ours)]
    groups += [(lang, [claim for claim in ours if claim.lang == lang]) for lang in sorted({claim.lang for claim in ours})]
    groups += [(kind, [claim for claim in ours if claim.kind == kind]) for kind in sorted({claim.kind for claim in ours})]
    return [[name, len(group), share_text(sum(claim.failed for claim in group), len(group))] for name, group in groups]


def print_tables(claims: Sequence[JudgedClaim], listed: bool) -> None:
    """Print both tables, and the failures if they are wanted."""
    print(markdown_table(["wrong claims", "claims", "called full"], rows_of(claims, right=False)))
    print()
    print(markdown_table(["right claims", "claims", "less than full"], rows_of(claims, right=True)))
    for claim in claims if listed else ():
        if claim.failed:
            print(f"{claim.id} {'right' if claim.right else 'wrong'} ({claim.kind}), {claim.support}: {claim.claim}")


def main() -> int:
    """Measure and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--cite-all", action="store_true", help="the model cites every source")
    parser.add_argument("--list", action="store_true", help="print the failures")
    parser.add_argument("--json", action="store_true", help="print one JSON line per claim")
    said = parser.parse_args()
    claims = list(judge_file(said.file, said.cite_all))
    if said.json:
        for claim in claims:
            print(json.dumps(asdict(claim), ensure_ascii=False))
    else:
        print_tables(claims, said.list)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Prepare the training questions of WikiTableQuestions for `benchmarks/fit_tables.py`.

    python benchmarks/wikitables.py REPOSITORY DATA OUT

REPOSITORY is a checkout of github.com/ppasupat/WikiTableQuestions (CC BY-SA 4.0). DATA holds `tables/corpus` and
`tables/queries.jsonl`, the questions on which `benchmarks/tables.py` reports: every table of a page that occurs there is left
out. OUT receives `develop` and `validate`, each of the same layout as DATA, with no table in common: four tables of five are
for development, by a hash of their names.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

NAME = re.compile(r"\((\d+)-(\d+)\)\.csv$")
KINDS = {  # by name, the first that fits: the kinds of which the reported set has as many questions each
    "average": r"\baverage|\bmean\b",
    "difference": r"\bdifference\b|\bhow (?:many|much) (?:more|less|fewer|longer|higher)\b",
    "sum": r"\btotal\b|\bcombined\b|\bsum\b|\baltogether\b",
    "compare": r"\bor\b|\b(?:more|less|fewer|larger|higher|longer|better)\b.*\bthan\b|\bsame\b",
    "order": r"\b(?:after|before|next|previous|following|prior|first|last|consecutive)\b",
    "extreme": r"\b(?:most|least|best|worst|top|(?!west\b|east\b|test\b|west)[a-z]{2,}est)\b",
    "count": r"\bhow many\b|\bnumber of\b|\bamount of\b",
}


def main() -> None:
    """Write both halves."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("repository", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    titles = read_titles(arguments.repository)
    excluded = excluded_tables(arguments.data / "tables/corpus", titles)
    known: set[str] = set()
    counts = dict.fromkeys(("develop", "validate", "excluded"), 0)
    for record, context in read_training(arguments.repository):
        if context in excluded:
            counts["excluded"] += 1
            continue
        half = "validate" if int(hashlib.sha256(context.encode()).hexdigest(), 16) % 5 == 0 else "develop"
        folder, counts[half] = arguments.out / half / "tables", counts[half] + 1
        name = table_name(context, titles[context][1])
        if context not in known:
            known.add(context)
            write_table(arguments.repository / context, folder / "corpus" / name)
        with (folder / "queries.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({**record, "table": name}, ensure_ascii=False) + "\n")
    print(counts, len(known), "tables", file=sys.stderr)


def read_titles(repository: Path) -> dict[str, tuple[str, str]]:
    """Return the page and the title of each table."""
    lines = (repository / "misc/table-metadata.tsv").read_text("utf-8").splitlines()[1:]
    fields = (line.split("\t") for line in lines)
    return {each[0]: (each[1], each[4]) for each in fields}


def excluded_tables(corpus: Path, titles: dict[str, tuple[str, str]]) -> set[str]:
    """Return the tables of every page that has a reported table."""
    found = [NAME.search(path.name) for path in corpus.iterdir()]
    reported = {f"csv/{match[1]}-csv/{match[2]}.csv" for match in found if match}
    pages = {titles[context][0] for context in reported}
    return {context for context, (page, _) in titles.items() if page in pages}


def read_training(repository: Path) -> Iterator[tuple[dict[str, object], str]]:
    """Yield the training questions, each with its table."""
    for line in (repository / "data/training.tsv").read_text("utf-8").split("\n")[1:]:
        if line:
            number, question, context, answers = line.split("\t")
            kind = next((kind for kind, pattern in KINDS.items() if re.search(pattern, question, re.I)), "other")
            yield (
                {
                    "id": number,
                    "question": unescaped(question),
                    "answers": [unescaped(each) for each in answers.split("|")],
                    "kind": kind,
                },
                context,
            )


def unescaped(text: str) -> str:
    """Return a field of the set's own TSV format as text."""
    return text.replace("\\n", " ").replace("\\p", "|").replace("\\\\", "\\")


def table_name(context: str, title: str) -> str:
    """Return the name of a table's file, as in the reported set: its title and number."""
    first, second = context.removeprefix("csv/").removesuffix(".csv").split("-csv/")
    words = " ".join(re.sub(r"[^\w\s]", "", title).split())
    return f"{words} ({first}-{second}).csv"


def write_table(source: Path, target: Path) -> None:
    """Write a table with the usual quoting, without line breaks in cells."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open(encoding="utf-8", newline="") as file, target.open("w", encoding="utf-8", newline="") as out:
        rows = csv.reader(file, escapechar="\\", doublequote=False)
        csv.writer(out, lineterminator="\n").writerows([" ".join(cell.split()) for cell in row] for row in rows)


if __name__ == "__main__":
    main()

"""Measure how often the second turn of a conversation finds its passage among the first five, for several ways of searching.

    python benchmarks/followups.py [--questions develop|report] [--model] [--home DIR] [--embed MODEL] [--among FOLDER]
        [--out FILE.json]

The conversations are the project's own: `followups/develop.jsonl` is what the rules were made with, `followups/report.jsonl` asks
other questions, of other documents,
and is for reporting. Both are asked over examples/ and followups/documents/ in one library. Each first
turn has its answer given,
with the passage that its question finds as the source. "alone" searches the second question as it stands,
"joined" with the first before it, "rules" as the program does without a chat model, "rules+model" as it does with one.

    python benchmarks/followups.py --apart DATA

asks questions of public sets (DATA/SET/queries.jsonl, see README.md) each after another one of its set, of other documents, and
says how many are taken for follow-ups, which none of them is meant to be. No model is needed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import checkout  # noqa: F401 - the package beside this folder
import numpy as np
from report import markdown_table, write_json

from assistant import Assistant, load_settings
from assistant.datatypes import Citation, Hit, Turn
from assistant.evaluation.latency import mean_intervals
from assistant.generation import FollowUpKind, rewrite

HERE = Path(__file__).parent
DEPTH = 5
APART = 50  # questions between the two turns: neighbours are often about the same document
Search = Callable[[str, Turn], tuple[str, Sequence[Hit]]]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A first turn with its answer, a second question, and the words that its passage must hold."""

    id: str
    lang: str
    kind: str
    first: str
    answer: str
    question: str
    gold_doc: str
    gold: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one way of searching did on one conversation; the rank counts from 1, 0: not among the first ten."""

    id: str
    way: str
    searched: str
    rank: int


def read(name: str) -> list[FollowUp]:
    """Return the conversations of a file."""
    lines = (HERE / "followups" / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [FollowUp(**json.loads(line)) for line in lines]


def rank_of(asked: FollowUp, hits: Sequence[Hit]) -> int:
    """Return the rank of the first passage of the right file that holds the right words; 0 where there is none."""
    for rank, hit in enumerate(hits, 1):
        if Path(hit.path).name == asked.gold_doc and squeezed(asked.gold) in squeezed(hit.chunk.searchable):
            return rank
    return 0


def squeezed(text: str) -> str:
    """Return the text with single spaces."""
    return " ".join(text.split())


def first_turn(assistant: Assistant, asked: FollowUp) -> Turn:
    """Return the first turn, with the best passage of its question as its source."""
    best = assistant.search(asked.first).hits[:1]
    sources = [Citation(1, hit.path, hit.title, hit.chunk.location, hit.chunk.text) for hit in best]
    return Turn(asked.first, f"{asked.answer} [1]", tuple(sources))


def ways(assistant: Assistant, modelled: Assistant | None) -> dict[str, Search]:
    """Return the ways of searching by name."""
    known: dict[str, Search] = {
        "alone": lambda question, _: (question, assistant.search(question).hits),
        "joined": lambda question, turn: ((both := f"{turn.question} {question}"), assistant.search(both).hits),
        "rules": lambda question, turn: shown(assistant, question, turn),
    }
    return {**known, "rules+model": lambda question, turn: shown(modelled, question, turn)} if modelled else known


def shown(assistant: Assistant, question: str, turn: Turn) -> tuple[str, Sequence[Hit]]:
    """Return what the program searches for, and what it finds."""
    rewriting, hits = assistant.follow_up(question, [turn])
    return rewriting.display_text, hits


def measure(assistant: Assistant, modelled: Assistant | None, asked: Sequence[FollowUp]) -> list[Outcome]:
    """Return every outcome."""
    outcomes = []
    for each in asked:
        turn = first_turn(assistant, each)
        for way, search in ways(assistant, modelled).items():
            searched, hits = search(each.question, turn)
            outcomes.append(Outcome(each.id, way, searched, rank_of(each, hits)))
        print(f"{each.id} {each.first} | {each.question} -> {outcomes[-1].searched} ({outcomes[-1].rank})", file=sys.stderr)
    return outcomes


def rows_of(asked: Sequence[FollowUp], outcomes: Sequence[Outcome]) -> list[list[str]]:
    """Return a row for each way: recall in all, with its 95 % interval, then by language and kind."""
    rows = []
    for way in dict.fromkeys(outcome.way for outcome in outcomes):
        ranks = {outcome.id: outcome.rank for outcome in outcomes if outcome.way == way}
        found = {name: float(0 < rank <= DEPTH) for name, rank in ranks.items()}
        first = np.mean([rank == 1 for rank in ranks.values()])
        low, high = mean_intervals(np.array([[found[each.id]] for each in asked])).ravel()
        shares = [np.mean([found[each.id] for each in asked if group in (each.lang, each.kind)]) for group in groups(asked)]
        rows.append([way, f"{np.mean(list(found.values())):.3f}", f"{low:.3f} to {high:.3f}", f"{first:.3f}",
        *(f"{share:.2f}" for share in shares)])
    return rows


def taken(data: Path) -> list[list[str | int]]:
    """Return a row for each set: its questions, those taken for follow-ups, and those of them where rules are unsure."""
    rows: list[list[str | int]] = []
    for path in sorted(data.glob("*/queries.jsonl")):
        asked = [str(json.loads(line)["question"]) for line in path.read_text("utf-8").splitlines()]
        turns = [[Turn(asked[place - min(APART, len(asked) // 2)], "It is so [1].")] for place in range(len(asked))]
        found = [rewrite(question, turn) for question, turn in zip(asked, turns, strict=True)]
        leaning = [rewriting for rewriting in found if rewriting.kind != FollowUpKind.NONE]
        rows.append([path.parent.name, len(asked), len(leaning), sum(not rewriting.confident for rewriting in leaning)])
    return rows


def groups(asked: Sequence[FollowUp]) -> list[str]:
    """Return the languages and the kinds of follow-ups, each in its order."""
    return list(dict.fromkeys([*(each.lang for each in asked), *(each.kind for each in asked)]))


def main() -> int:
    """Measure and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", default="report", choices=("develop", "report"))
    parser.add_argument("--model", action="store_true", help="also let the chat model rewrite where rules are not sure")
    parser.add_argument("--home", type=Path, help="state folder of the assistant (ASSISTANT_HOME)")
    parser.add_argument("--embed", default="", help="name of the embedding model")
    parser.add_argument("--among", type=Path, action="append", default=[],
    help="a folder of other documents, to search among them too")
    parser.add_argument("--out", type=Path, help="also write every outcome here, as JSON")
    parser.add_argument("--apart", type=Path, metavar="DATA", help="count the questions that are wrongly taken for follow-ups")
    said = parser.parse_args()
    if said.apart:
        print(markdown_table(("set", "questions", "taken for follow-ups", "of these not sure"), taken(said.apart)))
        return 0
    environment = {"ASSISTANT_HOME": str(said.home)} if said.home else None
    chosen: dict[str, str | int] = {"library": "followups", **({"embed": said.embed} if said.embed else {})}
    settings = [load_settings({**chosen, "rewrite_timeout": seconds},
    *([environment] if environment else [])) for seconds in (0, 30)]
    asked = read(said.questions)
    with Assistant(settings[0]) as assistant, Assistant(settings[1]) as modelled:
        assistant.add([HERE.parent / "examples", HERE / "followups" / "documents", *said.among])
        outcomes = measure(assistant, modelled if said.model else None, asked)
    print(markdown_table(("searched", f"recall@{DEPTH}", "95 % interval", "recall@1", *groups(asked)),
    rows_of(asked, outcomes)))
    if said.out:
        write_json(said.out, {"outcomes": [asdict(outcome) for outcome in outcomes]})
    return 0


if __name__ == "__main__":
    sys.exit(main())

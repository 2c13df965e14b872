"""Feed mutated files to every parser for hours, and say how many it read and what broke.

    python benchmarks/fuzz.py SEEDS_FOLDER --mutations N --seconds S --json [--only NAME ...] [--out FOLDER] [--seed N]

Every file below SEEDS_FOLDER whose suffix a parser knows is a seed of it, beside those that the tests write. Each parser gets the
same share of the time, in rounds, so that a run that is stopped early has fed all of them. `--mutations` ends the run as well.
The inputs of findings are kept below `--out`. The exit code is 1 where anything broke.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import checkout  # noqa: F401
from fuzz_targets import TARGETS, Target
from fuzzing import MOST_KEPT, Limits, Outcome, fuzz, mutated
from report import markdown_table

from tests.ingest.fuzz_seeds import seeds_for

LARGEST_SEED = 150_000
ROUND_SECONDS = 20.0


def found_seeds(folder: Path | None, target: Target, largest: int) -> list[bytes]:
    """Return the seeds of a target: the tests' own, and the files of a folder that are not too large."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    return seeds_for(target.suffixes) + [
        path.read_bytes() for path in files if path.suffix.lower() in target.suffixes and 0 < path.stat().st_size <= largest
    ]


def run(targets: Sequence[Target], seeds: Mapping[str, list[bytes]], options: argparse.Namespace) -> dict[str, Outcome]:
    """Feed each target in rounds until the mutations or the seconds are used up."""
    outcomes = {target.name: Outcome() for target in targets}
    until = time.monotonic() + options.seconds
    while time.monotonic() < until and total(outcomes) < options.mutations:
        for place, target in enumerate(targets):
            left = -(-(options.mutations - total(outcomes)) // (len(targets) - place))
            so_far = outcomes[target.name]
            numbers = range(so_far.done, so_far.done + left)
            found = fuzz(
                target, seeds[target.name], numbers, Limits(run_seed=options.seed), min(until, time.monotonic() + options.round)
            )
            add(so_far, found)
            keep(target, seeds[target.name], found, options)
            print(f"{target.name}: {so_far.done} files, {len(so_far.findings)} findings", file=sys.stderr, flush=True)
    return outcomes


def total(outcomes: Mapping[str, Outcome]) -> int:
    """Return how many files were read."""
    return sum(outcome.done for outcome in outcomes.values())


def add(outcome: Outcome, further: Outcome) -> None:
    """Add what a further round did."""
    outcome.done += further.done
    outcome.seconds += further.seconds
    for finding, numbers in further.findings.items():
        outcome.findings.setdefault(finding, []).extend(numbers)


def keep(target: Target, seeds: list[bytes], outcome: Outcome, options: argparse.Namespace) -> None:
    """Keep the inputs of findings."""
    for finding, numbers in outcome.findings.items():
        name = "".join(letter if letter.isalnum() else "-" for letter in finding)[:80]
        folder = options.out / target.name.replace(" ", "-") / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "finding.txt").write_text(finding, encoding="utf-8", errors="replace")
        for number in numbers[:MOST_KEPT]:
            (folder / f"{number}{target.suffixes[0]}").write_bytes(mutated(target, seeds, number, options.seed))


def summary(outcomes: Mapping[str, Outcome]) -> dict[str, object]:
    """Return the numbers of a run."""
    return {
        "mutations": total(outcomes),
        "seconds": round(sum(outcome.seconds for outcome in outcomes.values()), 1),
        "targets": {
            name: {"mutations": outcome.done, "seconds": round(outcome.seconds, 1),
                   "findings": {finding: len(numbers) for finding, numbers in outcome.findings.items()}}
            for name, outcome in outcomes.items()
        },
    }  # fmt: skip


def main() -> int:
    """Run by the command line's arguments."""
    parser = argparse.ArgumentParser(description="Feed mutated files to every parser.")
    parser.add_argument("seeds", type=Path, nargs="?", help="a folder of real files")
    parser.add_argument("--mutations", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--round", type=float, default=ROUND_SECONDS, help="seconds of one target before the next has its turn")
    parser.add_argument("--largest", type=int, default=LARGEST_SEED, help="bytes of a seed")
    parser.add_argument("--only", nargs="*", default=[], help="names of targets, or how they begin")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    targets = [target for target in TARGETS if not options.only or target.name.startswith(tuple(options.only))]
    seeds = {target.name: found_seeds(options.seeds, target, options.largest) for target in targets}
    outcomes = run([target for target in targets if seeds[target.name]], seeds, options)
    if options.json:
        print(json.dumps(summary(outcomes), ensure_ascii=False, indent=1))
    else:
        print(
            markdown_table(
                ("parser", "mutations", "seconds", "findings"),
                [(name, outcome.done, outcome.seconds, len(outcome.findings)) for name, outcome in outcomes.items()],
            )
        )
    return int(any(outcome.findings for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())

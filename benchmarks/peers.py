"""Compare retrieval quality and speed with other programs: the same files, questions and embedding model in one run.

    python benchmarks/peers.py DATA --model FOLDER --home NEW_FOLDER [--sets squad2 scifact] [--out FILE.json]
        --peer llamaindex=PYTHON --peer txtai=PYTHON --peer chroma=PYTHON

DATA holds samples of the public sets SQuAD 2.0 (`squad2`) and SciFact (see README.md), FOLDER all-MiniLM-L6-v2. Each PYTHON is
the interpreter of an environment that holds that peer and sentence-transformers. Each peer runs with its own default settings, as
its introduction shows it: `peer_NAME.py` is all that is said to it. Nobody may use the network.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import checkout  # noqa: F401
from command import CommandFailed, Library, Result, lines_of, median_time, parse_lines
from questions import Question, read_set
from ranking import RankScores, file_of, score_ranking, unique_in_order
from report import markdown_table, write_json
from scoring import mean_of

import assistant

DEPTH = 30  # passages or files asked for, so that there are ten files among them
HERE = Path(__file__).parent
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONUTF8": "1"}
HEADER = ("set", "program", "seconds to add", "of these start", "CPU seconds", "nDCG@10", "recall@10", "ms per question")


@dataclass(frozen=True, slots=True)
class Performance:
    """How one program did on one set.

    `seconds` run from the start of its process until the last file is in and embedded, `starting` of them until its imports are
    done; `cpu_seconds` of all cores, its start included.
    """

    dataset: str
    program: str
    seconds: float
    starting: float | None
    cpu_seconds: float
    scores: RankScores
    milliseconds: float


def measure_ours(data: Path, name: str, questions: Sequence[Question], home: Path, model: Path) -> Performance:
    """Add and search with this program."""
    library = Library(name, home, embed=str(model.resolve()))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = library.add(data / name / "corpus")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    results = library.ask_all(("search", "-k", str(DEPTH)), questions)
    found = {each: [file_of(hit) for hit in result["hits"]] for each, result in results.items()}
    return Performance(name, f"assistant {assistant.__version__}", seconds, None, cpu, scored(questions, found),
                       median_time(results, "retrieve_ms") or 0.0)


def measure_peer(peer: str, python: Path, data: Path, name: str, questions: Sequence[Question], model: Path) -> Performance:
    """Index and search with a peer. Raises CommandFailed."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as state:
        arguments = [str(python), str(HERE / f"peer_{peer}.py"), str((data / name / "corpus").resolve()), str(model.resolve()),
                     state, str(DEPTH)]
        lines = said(arguments, questions)
        ready = next(lines, None)
        seconds = time.perf_counter() - started
        results = {str(line["id"]): line for line in lines}
    if ready is None or len(results) < len(questions):
        raise CommandFailed(f"{peer} did not answer all questions on {name}")
    found = {each: result["files"] for each, result in results.items()}
    return Performance(name, f"{peer} {ready['version']}", seconds, seconds - ready["seconds"], ready["cpu_seconds"],
                       scored(questions, found), median(result["milliseconds"] for result in results.values()))


def said(arguments: Sequence[str], questions: Sequence[Question]) -> Iterator[Result]:
    """Yield what a driver says, line by line."""
    with (
        lines_of(questions) as lines,
        subprocess.Popen(arguments, env=os.environ | OFFLINE, stdin=lines, stdout=subprocess.PIPE, encoding="utf-8") as process,
    ):
        yield from parse_lines(process.stdout or ())


def scored(questions: Sequence[Question], found: Mapping[str, Sequence[str]]) -> RankScores:
    """Return the mean scores over files, each file where it first stands."""
    scores = mean_of([score_ranking(unique_in_order(found.get(each.id, [])), dict(each.gains)) for each in questions])
    if scores is None:
        raise CommandFailed("The set has no questions with a right file.")
    return scores


def row_of(done: Performance) -> list[str | float | None]:
    """Return a row of the table."""
    starting = None if done.starting is None else format(done.starting, ".1f")
    return [done.dataset, done.program, format(done.seconds, ".1f"), starting, format(done.cpu_seconds, ".0f"),
            done.scores.ndcg_at_10, done.scores.recall_at_10, format(done.milliseconds, ".0f")]


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--model", type=Path, required=True, help="folder of the embedding model that all of them use")
    parser.add_argument("--home", type=Path, required=True, help="a new state folder for the assistant")
    parser.add_argument("--sets", nargs="+", default=("squad2", "scifact"), help="names of folders in DATA")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help="llamaindex, txtai or chroma")
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    return parser.parse_args()


def main() -> int:
    """Measure every program on every set, and return the exit code."""
    arguments = parse_arguments()
    done: list[Performance] = []
    try:
        for name in arguments.sets:
            questions = [each for each in read_set(arguments.data, name) if each.answerable and each.gains]
            done.append(measure_ours(arguments.data, name, questions, arguments.home, arguments.model))
            for peer, _, python in (said.partition("=") for said in arguments.peer):
                print(f"{name}: {peer}", file=sys.stderr)
                done.append(measure_peer(peer, Path(python), arguments.data, name, questions, arguments.model))
    except (CommandFailed, FileNotFoundError) as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        if done:
            print(markdown_table(HEADER, [row_of(each) for each in done]))
        if done and arguments.out:
            write_json(arguments.out, {f"{each.dataset} {each.program}": asdict(each) for each in done})
    return 0


if __name__ == "__main__":
    sys.exit(main())

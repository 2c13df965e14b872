"""Public sets in; how much sooner the first token comes where passages are joined, and what that costs in right answers, out.

    python benchmarks/reuse.py DATA --home HOME --out reuse.jsonl --chat NAME|FILE [--ways full joined ...] [--questions 120]
        [--skip 0] [--minutes 20] [--passage-tokens 700] [--report-only] [--plot FILE.svg]

DATA holds samples of the public sets SQuAD 2.0 (`squad2`), CMRC 2018 (`cmrc`), HotpotQA (`hotpot`) and RGB (`rgb`), as README.md
describes; HOME has the libraries that answers.py makes of them. Each question is answered in each way from the passages that the
program's own search finds, best first, at temperature 0 and without the gate, so that every answer counts. Everything that can be
warm is. How sure the model must be ("checked") was chosen by the first 152 with Qwen2.5-Coder-1.5B; --skip leaves those out.
Each outcome is added to --out at once; a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from answer_records import Record, append, read_records
from answer_sets import SLICES, Asked, folder_of, in_turns, read_slice, write_passages
from answers import Rooms
from report import markdown_table
from reuse_plot import plot
from reuse_ways import WAYS, Outcome, Way, go, go_by_bindings

from assistant import load_settings
from assistant.app.models.cache import chat_spec
from assistant.datatypes import EVERY_FILE, Answer, Filter, Hit, Timings
from assistant.evaluation.answers import score_words
from assistant.evaluation.latency import mean_intervals
from assistant.generation import compose
from assistant.models.llama.chat import LlamaChat
from assistant.models.llama.kv_cache import Vault

ASKED = ("squad2 answerable", "cmrc answerable", "hotpot", "rgb noise en", "rgb noise zh", "rgb integration")
ANSWER_TOKENS = 64


def shelf_of(hit: Hit) -> str:
    """Return where what is computed of a passage is kept."""
    return f"bench/kv/{hashlib.sha256(hit.path.encode()).hexdigest()[:16]}"


def record_of(asked: Asked, way: Way, outcome: Outcome) -> Record:
    """Return all that is kept of one answer in one way."""
    given = Answer(asked.question.text, outcome.text, False, (), (), "", "", "", Timings(0.0))
    return {"slice": asked.slice.name, "id": asked.question.id, "way": way.name, **asdict(outcome),
            **{name: value for name, value in score_words(asked.question, given).items() if name in ("contains", "f1")}}


def ask_all(arguments: argparse.Namespace, questions: Sequence[Asked], ways: Sequence[Way]) -> None:
    """Answer each question in each way that it was not answered in yet; until the time is over."""
    settings = replace(load_settings({}, {"ASSISTANT_HOME": str(arguments.home)}), chat=arguments.chat)
    settings = replace(settings, threads=arguments.threads)
    done = {(record["id"], record["way"]) for record in read_records(arguments.out)}
    rooms, spec, begun = Rooms(settings, arguments.data, ""), chat_spec(settings), time.monotonic()
    write_passages(questions, rooms.corpora)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bench").mkdir()
        chat = LlamaChat(spec.name, spec.path, spec.context_tokens, spec.threads, spec.gpu_layers, Vault(Path(folder), 2**31))
        for number, asked in enumerate(questions, 1):
            if arguments.minutes and time.monotonic() - begun > arguments.minutes * 60:
                break
            wanted = Filter(paths=(str(folder_of(asked, rooms.corpora)),)) if asked.passages else EVERY_FILE
            missing = [way for way in ways if (asked.question.id, way.name) not in done]
            hits = rooms.of(asked.slice).search(asked.question.text, wanted=wanted).hits if missing else ()
            for way in missing:
                prompt = compose(chat, asked.question.text, hits[: way.passages or settings.context_chunks], (),
                                 arguments.passage_tokens, ANSWER_TOKENS, shelf_of)
                outcome = (go_by_bindings(spec.path, chat, prompt, ANSWER_TOKENS) if way.by_bindings
                           else go(chat, way, prompt, ANSWER_TOKENS))
                append(arguments.out, record_of(asked, way, outcome))
            sys.stderr.write(f"\r{number}/{len(questions)}")
    rooms.close()


def table(records: Sequence[Record]) -> str:
    """Return what each way costs and gains beside reading in full, with paired intervals of 95 %."""
    full = {record["id"]: record for record in records if record["way"] == "full"}
    rows = []
    for way in WAYS:
        pairs = [(record, full[record["id"]]) for record in records if record["way"] == way.name and record["id"] in full]
        if pairs:
            rows.append(row_of(way.name, pairs))
    heads = ["way", "questions", "contains", "beside full", "95 % interval", "F1", "same text", "tokens computed",
             "first token, s", "times sooner", "whole answer, s"]
    return markdown_table(heads, rows)


def row_of(name: str, pairs: Sequence[tuple[Record, Record]]) -> list[str]:
    """Return a row: a way, and how it compares with reading the same prompts in full."""
    count = len(pairs)
    differences = [one["contains"] - other["contains"] for one, other in pairs]
    low, high = mean_intervals(np.array([differences]).T)[:, 0]
    sooner = sorted(other["seconds"] / one["seconds"] for one, other in pairs)
    return [
        name, str(count), f"{sum(one['contains'] for one, _ in pairs) / count:.3f}", f"{sum(differences) / count:+.3f}",
        f"{low:+.3f} to {high:+.3f}", f"{sum(one['f1'] for one, _ in pairs) / count:.3f}",
        f"{sum(one['text'] == other['text'] for one, other in pairs) / count:.2f}",
        f"{middle([one['computed'] for one, _ in pairs]):.0f} of {middle([one['prompt'] for one, _ in pairs]):.0f}",
        f"{middle([one['seconds'] for one, _ in pairs]):.2f}", f"{sooner[count // 2]:.1f}",
        f"{middle([one['whole'] for one, _ in pairs]):.2f}",
    ]  # fmt: skip


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return sorted(values)[len(values) // 2]


def main() -> None:
    """Ask, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--home", type=Path, required=True, help="state folder of the assistant, models included")
    parser.add_argument("--out", type=Path, required=True, help="file of JSON lines that the outcomes are added to")
    parser.add_argument("--chat", default="", help="the language model: a name of the catalog, or a file")
    parser.add_argument("--ways", nargs="+", default=["full", "joined"], choices=[way.name for way in WAYS])
    parser.add_argument("--questions", type=int, default=120, metavar="N", help="questions in all (default 120)")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave out the first so many, which served to choose")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many minutes")
    parser.add_argument("--threads", type=int, default=0, help="threads of the model")
    parser.add_argument("--passage-tokens", type=int, default=700, help="tokens of passages at most (default 700)")
    parser.add_argument("--report-only", action="store_true", help="ask nothing, print the table")
    parser.add_argument("--plot", type=Path, help="also draw speed against loss into this SVG file")
    arguments = parser.parse_args()
    last = arguments.skip + arguments.questions
    share = -(-last // len(ASKED))
    groups = [read_slice(arguments.data, each, share) for each in SLICES if each.name in ASKED]
    if not arguments.report_only:
        ask_all(arguments, in_turns(groups)[arguments.skip : last], [way for way in WAYS if way.name in arguments.ways])
    records = list(read_records(arguments.out))
    print("\n" + table(records))
    if arguments.plot:
        arguments.plot.write_text(plot(records), "utf-8")


if __name__ == "__main__":
    main()

"""Measure what reading the best passage first saves and costs, against reading all passages at once.

    python benchmarks/best_first.py DATA --home HOME --out best.jsonl [--slices "squad2 answerable"] [--sample 20]
        [--ways all "all open" cold "cold open" disk memory] [--records answers.jsonl] [--half fit|report|all] [--minutes 9]
        [--chat NAME] [--unasked-if-same] [--report-only]

DATA holds the public sets as benchmarks/README.md describes. Each question is asked in several ways in one process: with all
passages; with the best one first when nothing of it is cached; when its KV state is on disk; and when it is in memory. The last
three must give the same text. The ways called open refuse nothing by the refusal threshold; they are
asked right after those of their name, where these refused, and are the same answer where they did not. Each record is added to
--out at once, and the whole answer to the way cold to --records, which `answers.py --report-only` reads; a run that was stopped
goes on where it was. With `--unasked-if-same` the way all is not asked where the way cold has read all passages in the end: both
then have the same prompt, and gave the same text for 50 of 50 questions; the time and the tokens of all are unknown there.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from answer_bars import interval
from answer_records import append, record_of
from answer_sets import SLICES, Asked, folder_of, in_turns, read_slice, write_passages

from assistant import Assistant, load_settings
from assistant.app.models import ModelProvider
from assistant.datatypes import EVERY_FILE, Answer, Filter
from assistant.evaluation.metrics import score_answer
from assistant.models.llama.chat import LlamaChat
from assistant.models.llama.kv_cache import state_folder

WAYS = ("all", "all open", "cold", "cold open", "disk", "memory")
SAME = ("cold", "disk", "memory")  # must give the same text
OPEN = 100  # percent: a refusal threshold that nothing exceeds
Record = dict[str, Any]


class Bench:
    """For each set two assistants over the same library and models: one reads all passages at once, one the best first."""

    def __init__(self, data: Path, home: Path, chat: str, ways: Sequence[str], records: Path | None, *,
                 unasked_if_same: bool = False) -> None:
        self._ways, self._records = ways, records
        self._unasked_if_same = unasked_if_same
        flags = {"chat": chat} if chat else {}
        self._settings = replace(load_settings(flags), home=home, engine="off")
        self._data, self._corpora, self._models = data, home / "corpora", ModelProvider(self._settings)
        self._open: dict[tuple[str, str], Assistant] = {}

    def measure(self, asked: Asked) -> Record:
        """Return what each way of asking a question took, and what it gave."""
        self._of(asked, "cold").search(asked.question.text)  # the library and the embedding model are open
        found: Record = {"id": asked.question.id, "slice": asked.slice.name, "answerable": asked.question.answerable}
        for way in self._ways:
            if way == "cold":
                for file in state_folder(self._settings.home).glob("*-*-*.kv"):
                    file.unlink()
            if way == "all" and self._unasked_if_same and found.get("cold", {"passages": 1})["passages"] > 1:
                found[way] = {**found["cold"], "first_ms": None, "read": None}
                continue
            if way in ("all", "cold", "disk"):
                self._forget_prompt()
            same = way.removesuffix(" open")
            is_known = same != way and same in found and not found[same]["refused"]
            found[way] = found[same] if is_known else self._ask(asked, way)
        return found

    def _ask(self, asked: Asked, way: str) -> Record:
        wanted = Filter(paths=(str(folder_of(asked, self._corpora)),)) if asked.passages else EVERY_FILE
        answer = self._of(asked, way).ask(asked.question.text, wanted=wanted).answer
        if self._records and way == "cold":
            append(self._records, record_of(asked, answer))
        return summary(asked, answer)

    def _of(self, asked: Asked, way: str) -> Assistant:
        """Return the assistant that asks in that way."""
        settings = replace(self._settings, library=asked.slice.folder, best_first=not way.startswith("all"))
        if way.endswith("open"):
            settings = replace(settings, refusal_threshold=OPEN)
        key = settings.library, f"{settings.best_first} {settings.refusal_threshold}"
        if key not in self._open:
            self._open[key] = opened = Assistant(settings, self._models)
            if way == "cold":
                opened.add([self._corpora / key[0] if asked.slice.own_passages else self._data / key[0] / "corpus"])
        return self._open[key]

    def _forget_prompt(self) -> None:
        chat = self._models.chat
        assert isinstance(chat, LlamaChat)
        chat._engine.truncate(0)

    def close(self) -> None:
        """Close the libraries."""
        for assistant in self._open.values():
            assistant.close()


def summary(asked: Asked, answer: Answer) -> Record:
    """Return what is reported of an answer."""
    taken, scores = answer.timings, score_answer(asked.question, answer)
    return {"text": answer.text, "refused": answer.abstained, "contains": scores.get("contains"), "passages": taken.read_passages,
            "first_ms": taken.first_token_ms, "read": taken.read_tokens}


def table(records: Sequence[Record]) -> list[str]:
    """Return a line for each slice, and one for all."""
    lines = ["slice | n | one passage | contains all, first | open: contains all, first | refused all, first | "
             "tokens all, cold, disk | sooner cold, disk | same text"]
    for name in [*sorted({record["slice"] for record in records}), ""]:
        group = [record for record in records if name in ("", record["slice"])]
        lines.append(line_of(name or "together", group))
    return [*lines, *map(difference_line, (("all", "cold"), ("all open", "cold open")), [records] * 2)]


def line_of(name: str, group: Sequence[Record]) -> str:
    """Return the line of a slice. Shares are means, tokens medians, and times ratios of medians."""
    def means(key: str, *ways: str) -> str:
        found = [[float(record[way][key]) for record in group if way in record and record[way][key] is not None] for way in ways]
        return ", ".join(f"{sum(values) / len(values):.3f}" if values else "-" for values in found)

    def middle(way: str, key: str) -> float:
        values = [record[way][key] for record in group if way in record and record[way][key] is not None]
        return float(median(values or [math.nan]))

    tokens = ", ".join(f"{middle(way, 'read'):.0f}" for way in ("all", "cold", "disk"))
    sooner = ", ".join(f"{middle('all', 'first_ms') / middle(way, 'first_ms'):.1f}" for way in ("cold", "disk"))
    one = sum(record["cold"]["passages"] == 1 for record in group) / len(group)
    same = sum(len({record[way]["text"] for way in SAME if way in record}) == 1 for record in group)
    return (f"{name} | {len(group)} | {one:.2f} | {means('contains', 'all', 'cold')} | "
            f"{means('contains', 'all open', 'cold open')} | {means('refused', 'all', 'cold')} | {tokens} | {sooner} | {same}")


def difference_line(ways: tuple[str, str], records: Sequence[Record]) -> str:
    """Return by how much more answers of the second way than of the first hold the right one, paired, with its interval."""
    pairs = [[record[way]["contains"] for way in ways] for record in records if set(ways) <= set(record)]
    differences = [float(after) - float(before) for before, after in pairs if None not in (before, after)]
    if not differences:
        return f"{ways[1]} against {ways[0]}: not asked"
    mean, low, high = interval(differences)
    return (f"{ways[1]} against {ways[0]}: contains {mean:+.3f} ({low:+.3f} to {high:+.3f}), "
            f"{sum(d > 0 for d in differences)} gained, {sum(d < 0 for d in differences)} lost of {len(differences)}")


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--home", type=Path, required=True, help="state folder of the assistant, models included")
    parser.add_argument("--out", type=Path, required=True, help="file of JSON lines that the records are added to")
    parser.add_argument("--slices", nargs="+", choices=[each.name for each in SLICES], default=["squad2 answerable"])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["all", *SAME])
    parser.add_argument("--records", type=Path, help="file of JSON lines that the whole answers of the way cold are added to")
    parser.add_argument("--sample", type=int, default=20, metavar="N", help="questions of each slice (default 20)")
    parser.add_argument("--half", choices=("fit", "report", "all"), default="report", help="only the questions of one half")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so many minutes")
    parser.add_argument("--chat", default="", help="name of the chat model")
    parser.add_argument("--unasked-if-same", action="store_true", help="do not ask the way all where it has the prompt of cold")
    parser.add_argument("--report-only", action="store_true", help="ask nothing, print the table of what was asked")
    return parser.parse_args()


def main() -> None:
    """Ask the questions that were not asked yet, and print the table."""
    arguments = parse_arguments()
    records = [json.loads(line) for line in arguments.out.read_text("utf-8").splitlines()] if arguments.out.exists() else []
    slices = [each for each in SLICES if each.name in arguments.slices]
    groups = [read_slice(arguments.data, each, arguments.sample, arguments.half) for each in slices]
    bench = Bench(arguments.data, arguments.home, arguments.chat, arguments.ways, arguments.records,
                  unasked_if_same=arguments.unasked_if_same)
    end = time.monotonic() + 60 * arguments.minutes
    known = {(record["slice"], record["id"]) for record in records}
    for group in groups:
        write_passages(group, arguments.home / "corpora")
    for asked in in_turns(groups):
        if arguments.report_only or time.monotonic() > end:
            break
        if (asked.slice.name, asked.question.id) not in known:
            records.append(bench.measure(asked))
            with arguments.out.open("a", encoding="utf-8") as out:
                out.write(json.dumps(records[-1], ensure_ascii=False) + "\n")
    bench.close()
    print("\n".join(table(records)) if records else "Nothing was asked.")


if __name__ == "__main__":
    main()

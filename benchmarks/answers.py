"""Measure answers, refusals and citations on public sets, and compare them with the project's bars.

    python benchmarks/answers.py DATA --home HOME --out answers.jsonl [--half fit|report] [--slices "squad2 answerable" hotpot]
        [--sample 100] [--limit 10] [--minutes 9] [--chat NAME] [--cross-embed FOLDER] [--report-only]

DATA holds samples of the public sets SQuAD 2.0 (`squad2`), CMRC 2018 (`cmrc`), RGB (`rgb`), HotpotQA (`hotpot`) and XQuAD
(`xquad`), as README.md describes. Each set becomes a library of its own name; the passages that RGB gives with a question
become a folder of their own, and the question is asked of that folder alone. Of each slice a fixed sample is asked, the
slices in turns. Each answer is added to --out at once; a run that was stopped goes on where it was. The sets between two
languages need a model of both (`--cross-embed`, a folder or a name). `--half` divides by a hash of the question's id.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from answer_bars import STRICT_SAMPLE, bars_table, calibration_line, confidence_table, slices_table
from answer_records import Record, append, read_records, record_of, strict_failures
from answer_sets import SLICES, Asked, Slice, folder_of, in_turns, read_slice, write_passages

from assistant import Assistant, AssistantError, Settings, load_settings
from assistant.app.models import ModelProvider
from assistant.datatypes import EVERY_FILE, Filter


class Rooms:
    """An assistant for each set, all with the same models; one more pair for the sets between languages."""

    def __init__(self, settings: Settings, data: Path, cross_embed: str) -> None:
        self._settings, self._data, self._cross_embed = settings, data, cross_embed
        self._models: dict[str, ModelProvider] = {}
        self._open: dict[str, Assistant] = {}
        self.corpora = settings.home / "corpora"

    def of(self, wanted: Slice) -> Assistant:
        """Return the assistant that has the slice's set in its library."""
        if wanted.folder not in self._open:
            embed = self._cross_embed if wanted.cross else self._settings.embed
            settings = replace(self._settings, library=wanted.folder, embed=embed)
            self._models.setdefault(embed, ModelProvider(settings))
            opened = Assistant(settings, self._models[embed])
            opened.add([self.corpora / wanted.folder if wanted.own_passages else self._data / wanted.folder / "corpus"])
            self._open[wanted.folder] = opened
        return self._open[wanted.folder]

    def ask(self, asked: Asked) -> Record:
        """Return the record of one question."""
        wanted = Filter(paths=(str(folder_of(asked, self.corpora)),)) if asked.passages else EVERY_FILE
        return record_of(asked, self.of(asked.slice).ask(asked.question.text, wanted=wanted).answer)

    def close(self) -> None:
        """Close the libraries."""
        for assistant in self._open.values():
            assistant.close()


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--home", type=Path, required=True, help="state folder of the assistant, models included")
    parser.add_argument("--out", type=Path, required=True, help="file of JSON lines that the answers are added to")
    parser.add_argument("--slices", nargs="+", choices=[each.name for each in SLICES], help="only these (default: all)")
    parser.add_argument("--sample", type=int, default=100, metavar="N", help="questions of each slice (default 100)")
    parser.add_argument("--half", choices=("fit", "report", "all"), default="all", help="only the questions of one half")
    parser.add_argument("--limit", type=int, metavar="N", help="ask at most so many more of each slice in this run")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--chat", default="", help="name of the language model")
    parser.add_argument("--embed", default="", help="name or folder of the embedding model")
    parser.add_argument("--cross-embed", default="", help="the same for questions and files of two languages")
    parser.add_argument("--report-only", action="store_true", help="ask nothing, print the tables of what was asked")
    return parser.parse_args(arguments)


def planned(arguments: argparse.Namespace, done: set[tuple[str, str]]) -> list[Asked]:
    """Return the questions that are still to be asked in this run, in order. Writes the passages that they bring along."""
    chosen = [each for each in SLICES if not arguments.slices or each.name in arguments.slices]
    if not arguments.cross_embed:
        chosen = [each for each in chosen if not each.cross]
    groups = [read_slice(arguments.data, each, arguments.sample, arguments.half) for each in chosen]
    write_passages([asked for group in groups for asked in group], arguments.home / "corpora")
    waiting = [[asked for asked in group if (asked.slice.name, asked.question.id) not in done] for group in groups]
    return in_turns([group[: arguments.limit] for group in waiting])


def ask_all(arguments: argparse.Namespace, records: list[Record]) -> None:
    """Ask what is still to be asked, as long as there is time; the records grow."""
    settings = load_settings({name: value for name in ("chat", "embed") if (value := getattr(arguments, name))},
                             {"ASSISTANT_HOME": str(arguments.home)})
    questions = planned(arguments, {(record["slice"], record["id"]) for record in records})
    until = time.monotonic() + 60 * arguments.minutes if arguments.minutes else float("inf")
    rooms = Rooms(settings, arguments.data, arguments.cross_embed)
    for number, asked in enumerate(questions, 1):
        if time.monotonic() > until:
            break
        record = rooms.ask(asked)
        require_same(record, records)
        append(arguments.out, record)
        records.append(record)
        outcome = "refused" if record["abstained"] else " ".join(record["answer"].split())[:70]
        print(f"{number}/{len(questions)} {asked.slice.name}  {asked.question.id}: {outcome}", file=sys.stderr, flush=True)
    rooms.close()


def require_same(record: Record, records: Sequence[Record]) -> None:
    """Raise SystemExit where the file holds answers of another model or another wording of the prompt."""
    for name in ("model", "prompt_version"):
        others = {each[name] for each in records if each[name]} - {record[name] or each_of(records, name)}
        if others:
            raise SystemExit(f"The file of --out was written with the {name} {', '.join(others)}, this run has {record[name]}.")


def each_of(records: Sequence[Record], name: str) -> str:
    """Return the value that the records have; an answer without a model's word has none."""
    return next((str(record[name]) for record in records if record[name]), "")


def main() -> int:
    """Measure, print the tables and return the exit code."""
    arguments = parse_arguments()
    records = read_records(arguments.out)
    try:
        if not arguments.report_only:
            ask_all(arguments, records)
    except (AssistantError, FileNotFoundError) as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; run it again to go on.", file=sys.stderr)
    if not records:
        print("Nothing was asked yet.", file=sys.stderr)
        return 1
    print(f"{bars_table(records)}\n\n{slices_table(records)}\n\n{confidence_table(records)}\n{calibration_line(records)}")
    for text, missing in strict_failures(records, STRICT_SAMPLE)[1]:
        print(f"not in what it cites: {', '.join(missing)}  in: {text}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

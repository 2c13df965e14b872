"""Measure what the best passage loses if it is cut to the sentences around the one that most likely answers.

    python benchmarks/trimming.py DATA --home HOME --out trimming.jsonl [--half fit|report] [--sample 40] [--tokens 120]
        [--minutes 15] [--chat NAME] [--report-only]

DATA and HOME are those of `answers.py`. Each question is answered from the best passage found, whole and cut, without a refusal
threshold. The cut passage has the likely sentence and its neighbours, up to so many tokens. Each record is added to --out at
once; a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from answer_bars import interval
from answer_records import append, read_records
from answer_sets import SLICES, Asked, in_turns, read_slice
from extraction import holds_answer

from assistant import Assistant, Settings, load_settings
from assistant.app.models import ModelProvider
from assistant.datatypes import ChatModel, Hit, Message
from assistant.generation import compose, likely_sentences
from assistant.generation.answerability import gain_candidates, measure_signals
from assistant.generation.probe_fitting import area_under_curve
from assistant.generation.untrusted_text import own_words
from assistant.text.sentences import sentence_spans

NAMES = ("squad2 answerable", "squad2 unanswerable", "cmrc answerable")
Record = dict[str, Any]


def trimmed(hit: Hit, question: str, chat: ChatModel, tokens: int) -> Hit:
    """Return a passage cut to the likely sentence and as many of its neighbours, in turns, as fit into so many tokens."""
    text, likely = hit.chunk.text, likely_sentences(question, (hit,))
    spans = list(sentence_spans(text))
    if not likely or not spans:
        return hit
    middle = text.find(likely[0].quote)
    place = next((number for number, (start, end) in enumerate(spans) if start <= middle < end), 0)
    first = last = place
    while True:
        wider = [(first - 1, last), (first, last + 1)]
        fitting = [(low, high) for low, high in wider if low >= 0 and high < len(spans)
                   and size(chat, text[spans[low][0] : spans[high][1]]) <= tokens]
        if not fitting:
            break
        first, last = min(fitting, key=lambda found: (abs(place - found[0] - (found[1] - place)), found))
    return replace(hit, chunk=replace(hit.chunk, text=text[spans[first][0] : spans[last][1]]))


def size(chat: ChatModel, text: str) -> int:
    """Return the number of tokens of a text."""
    return chat.count_tokens([Message("user", own_words(text))]) - chat.count_tokens([Message("user", own_words(""))])


def answered(chat: ChatModel, asked: Asked, hit: Hit, settings: Settings) -> Record:
    """Return the tokens of a prompt with one passage, the log-odds that it answers, and whether the draft is right."""
    prompt = compose(chat, asked.question.text, (hit,), (), settings.context_chunk_tokens, settings.answer_tokens)
    reply = chat.reply(prompt.messages, settings.answer_tokens, gain_candidates(chat.gate, prompt, asked.question.text))
    signals = measure_signals(chat.gate, reply, asked.question.text) if chat.gate else None
    text = "".join(reply)
    right = holds_answer(text, asked.question) if asked.question.answerable else None
    return {"tokens": reply.prompt_tokens, "odds": -signals.odds if signals else None, "right": right, "text": text}


def main() -> None:
    """Ask what was not asked yet, and print the table."""
    arguments = parse_arguments()
    flags = {name: value for name in ("chat", "embed") if (value := getattr(arguments, name))}
    settings = replace(load_settings(flags), home=arguments.home, engine="off")
    records = read_records(arguments.out)
    groups = [read_slice(arguments.data, each, arguments.sample, arguments.half) for each in SLICES if each.name in NAMES]
    known = {(record["slice"], record["id"]) for record in records}
    models, end, rooms = ModelProvider(settings), time.monotonic() + 60 * arguments.minutes, dict[str, Assistant]()
    for asked in in_turns(groups):
        if arguments.report_only or time.monotonic() > end:
            break
        if (asked.slice.name, asked.question.id) in known:
            continue
        folder = asked.slice.folder
        if folder not in rooms:
            rooms[folder] = Assistant(replace(settings, library=folder), models)
            rooms[folder].add([arguments.data / folder / "corpus"])
        best = rooms[folder].search(asked.question.text, 1).hits[0]
        whole = answered(models.chat, asked, best, settings)
        cut = answered(models.chat, asked, trimmed(best, asked.question.text, models.chat, arguments.tokens), settings)
        records.append({"slice": asked.slice.name, "id": asked.question.id, "whole": whole, "cut": cut})
        append(arguments.out, records[-1])
    for room in rooms.values():
        room.close()
    print("\n".join(table(records)))


def table(records: Sequence[Record]) -> list[str]:
    """Return a line for each slice, and the area under the curve of the log-odds over those of SQuAD 2.0."""
    lines = ["slice | n | tokens of the prompt, median: whole, cut | right: whole, cut | difference"]
    for name in sorted({record["slice"] for record in records}):
        group = [record for record in records if record["slice"] == name]
        tokens = ", ".join(f"{median(record[way]['tokens'] for record in group):.0f}" for way in ("whole", "cut"))
        rights = [[record[way]["right"] for record in group if record[way]["right"] is not None] for way in ("whole", "cut")]
        if rights[0]:
            means = ", ".join(f"{sum(each) / len(each):.3f}" for each in rights)
            mean, low, high = interval([after - before for before, after in zip(*rights, strict=True)])
            lines.append(f"{name} | {len(group)} | {tokens} | {means} | {mean:+.3f} ({low:+.3f} to {high:+.3f})")
        else:
            lines.append(f"{name} | {len(group)} | {tokens} | - | -")
    import numpy as np

    for way in ("whole", "cut"):
        odds = [np.array([odd for record in records if record["slice"] == name and (odd := record[way]["odds"]) is not None])
                for name in NAMES[:2]]
        if all(map(len, odds)):
            lines.append(f"{way}: area under the curve of answerable against unanswerable, squad2: {area_under_curve(*odds):.3f}")
    return lines


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--home", type=Path, required=True, help="state folder of the assistant, models included")
    parser.add_argument("--out", type=Path, required=True, help="file of JSON lines that the records are added to")
    parser.add_argument("--half", choices=("fit", "report", "all"), default="fit", help="only the questions of one half")
    parser.add_argument("--sample", type=int, default=40, metavar="N", help="questions of each slice (default 40)")
    parser.add_argument("--tokens", type=int, default=120, help="tokens that a cut passage may have (default 120)")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so many minutes")
    parser.add_argument("--chat", default="", help="name of the chat model")
    parser.add_argument("--embed", default="", help="name or folder of the embedding model")
    parser.add_argument("--report-only", action="store_true", help="ask nothing, print the table of what was asked")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Fit the probe that tells from a chat model's hidden state whether the passages of a prompt answer its question.

    python benchmarks/fit_probes.py DATA --home HOME --states FOLDER [--chat NAME] [--minutes 60] [--layers 15 18 21]
        [--layer 18] [--write]

DATA holds `reading/squad2.jsonl` and `reading/cmrc.jsonl`: training questions of SQuAD 2.0 and CMRC 2018, each with its document
and its answers, and the sets `squad2` and `cmrc` themselves, whose corpora are searched. A document that a question of the report
half needs stands in no prompt. Each document gives prompts of four kinds: it alone; among five passages; a passage found in
its place; five found in its place. Of the sets `rgb` and `hotpot` the fit half is asked, with the best passage found alone and
with the best five; such a prompt is answerable if its passages hold every right answer, and it weighs as much as three others.
The hidden states are added to --states document by document, question by question; a run that was stopped goes on where it was.
The first run reads the corpora into --home before its time begins.
Then each layer is scored by cross-validation over documents: the area under the ROC curve, each kind apart, where the negatives
of the first two are the questions that SQuAD 2.0's writers made unanswerable. --write writes the probe of one layer into the
package, named by the model file.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from answer_sets import SLICES, Asked, folder_of, half_of, in_turns, read_slice, write_passages

from assistant import Assistant, load_settings
from assistant.datatypes import EVERY_FILE, Filter, Hit
from assistant.evaluation.metrics import is_contained
from assistant.generation import compose
from assistant.generation.probe_fitting import area_under_curve, fit_weights, held_out_scores
from assistant.generation.probe_prompts import ALONE, AMONG, AMONG_OTHERS, ANOTHER, OTHERS, passage_sets
from assistant.generation.prompt import answerability_probe
from assistant.models.llama.chat import LlamaChat
from assistant.models.llama.load import model_fingerprint
from assistant.models.llama.probes import FITTED

SETS = ("squad2", "cmrc")
ASKED = ("rgb noise en", "rgb noise zh", "rgb reject", "rgb integration", "hotpot")
MOST_ASKED = 20  # questions of each of these slices
ASKED_WEIGHT = 3.0
FEWEST = 2  # documents and questions, to fit a probe to one and test it on the other
OF_EACH = 9  # questions of a document with an answer, and without, that are asked of it alone
FEW = 3  # of them that are asked of several passages, which cost four times as many tokens
STRENGTH = 3e-3  # of the likelihood against the penalty, for so many cases
FOUND = 30  # hits from which the other passages are taken
States = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Document:
    """A document with its training questions: `answered` in it, and those that its writers made unanswerable."""

    set: str
    name: str
    answered: tuple[str, ...]
    unanswered: tuple[str, ...]

    @property
    def key(self) -> str:
        """A name that is the same in every run."""
        return f"{self.set}-{self.name}".replace("/", "_")


@dataclass(frozen=True, slots=True)
class Case:
    """A question with the passages of its prompt."""

    kind: str
    question: str
    passages: tuple[Hit, ...]
    is_answerable: bool


def read_documents(data: Path, name: str) -> list[Document]:
    """Return the documents of a set with training questions, shuffled, without those that the report half needs."""
    held = reported_documents(data / name / "queries.jsonl")
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in (data / "reading" / f"{name}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        file = next((file for file in (row["doc"], f"{row['doc']}.txt") if (data / name / "corpus" / file).exists()), "")
        if file and file not in held:
            rows.setdefault(file, []).append(row)
    found = [document_of(name, file, rows[file]) for file in sorted(rows)]
    random.Random(3).shuffle(found)
    return [document for document in found if document.answered]


def reported_documents(queries: Path) -> frozenset[str]:
    """Return the names of the documents that the questions of the report half are about."""
    asked = [each for each in map(json.loads, queries.read_text("utf-8").splitlines()) if half_of(each["id"]) == "report"]
    removed = {f"{each['removed_doc_title']}.txt" for each in asked if "removed_doc_title" in each}
    return frozenset(removed.union(*(each.get(key, ()) for each in asked for key in ("gold_docs", "near_docs"))))


def document_of(name: str, file: str, rows: Sequence[dict[str, Any]]) -> Document:
    """Return a document with a few of its questions, drawn at random."""
    chance = random.Random(file)
    groups = [[row["question"] for row in rows if row["answerable"] is wanted] for wanted in (True, False)]
    answered, unanswered = (tuple(chance.sample(group, min(OF_EACH, len(group)))) for group in groups)
    return Document(name, file, answered, unanswered)


def cases_of(document: Document, hits: Sequence[Hit], held: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of a document, those with the same passages behind each other; none if too little is found.

    The passages come before the question, so another question about the same ones costs its own tokens only.
    """
    own = [hit for hit in hits if Path(hit.path).name == document.name]
    others = [hit for hit in hits if Path(hit.path).name not in {document.name, *held}][:AMONG]
    if not own or len(others) < AMONG:
        return
    sets = passage_sets(own[0], others, random.Random(document.key))
    for kind, most in ((ALONE, OF_EACH), (AMONG_OTHERS, FEW)):
        yield from (Case(kind, question, sets[kind], True) for question in document.answered[:most])
        yield from (Case(kind, question, sets[kind], False) for question in document.unanswered[:most])
    for kind in (ANOTHER, OTHERS):
        yield from (Case(kind, question, sets[kind], False) for question in document.answered[:FEW])


def cases_of_question(asked: Asked, hits: Sequence[Hit]) -> Iterator[Case]:
    """Yield the cases of a question of a public set: the best passage found alone, and the best five."""
    groups = asked.question.answer_groups or ((asked.question.answers,) if asked.question.answers else ())
    for kind, passages in ((ALONE, tuple(hits[:1])), (AMONG_OTHERS, tuple(hits[:AMONG]))):
        text = "\n".join(hit.chunk.searchable for hit in passages)
        holds = bool(groups) and all(any(is_contained(answer, text) for answer in group) for group in groups)
        yield Case(kind, asked.question.text, passages, holds)


class Collector:
    """Reads the prompts of documents with a chat model and keeps the hidden states at their ends."""

    def __init__(self, data: Path, home: Path, chat: Path, layers: Sequence[int]) -> None:
        self._settings = replace(load_settings({}), home=home, engine="off")
        self._chat, self._layers = LlamaChat(chat.stem, chat, self._settings.context_tokens, 0, -1, layers=layers), layers
        self._corpora = home / "corpora"
        folders = {name: data / name / "corpus" for name in (*SETS, "hotpot")} | {"rgb": self._corpora / "rgb"}
        self._libraries = {name: Assistant(replace(self._settings, library=name)) for name in folders}
        self._held = {name: reported_documents(data / name / "queries.jsonl") for name in SETS}
        for name, library in self._libraries.items():
            library.add([folders[name]])

    def collect(self, document: Document, file: Path) -> int:
        """Write the states of a document's cases to a file; return how many there are."""
        hits = self._libraries[document.set].search(document.answered[0], limit=FOUND).hits
        return self._write(document.set, list(cases_of(document, hits, self._held[document.set])), 1.0, file)

    def collect_question(self, asked: Asked, file: Path) -> int:
        """Write the states of a question's cases to a file; return how many there are."""
        wanted = Filter(paths=(str(folder_of(asked, self._corpora)),)) if asked.passages else EVERY_FILE
        hits = self._libraries[asked.slice.folder].search(asked.question.text, wanted=wanted).hits
        return self._write(asked.slice.name, list(cases_of_question(asked, hits)), ASKED_WEIGHT, file)

    def _write(self, name: str, cases: Sequence[Case], weight: float, file: Path) -> int:
        if cases:
            states = np.array([self._states(case) for case in cases], np.float16)
            answerable, kinds = [case.is_answerable for case in cases], [f"{name} {case.kind}" for case in cases]
            np.savez(file, states=states, answerable=np.array(answerable), kinds=np.array(kinds),
                     weights=np.full(len(cases), weight), layers=np.array(self._layers))
        return len(cases)

    def _states(self, case: Case) -> list[States]:
        room, written = self._settings.context_chunk_tokens, self._settings.answer_tokens
        prompt = compose(self._chat, case.question, case.passages, (), room, written)
        reply = self._chat.reply(prompt.messages, 1, answerability_probe(prompt, case.question))
        return [state for layer in self._layers if (state := reply.hidden_state(layer)) is not None]

    def close(self) -> None:
        """Free the model and close the libraries."""
        self._chat.close()
        for library in self._libraries.values():
            library.close()


@dataclass(frozen=True, slots=True)
class Collected:
    """The states of all cases after one layer, shape (cases, width), with what is known of each case."""

    states: States
    answerable: npt.NDArray[np.bool_]
    kinds: npt.NDArray[np.str_]
    documents: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]


def read_states(folder: Path, layer: int) -> Collected:
    """Return what was collected of one layer; documents whose states lack it are left out."""
    parts = []
    for file in sorted(folder.glob("*.npz")):
        with np.load(file, allow_pickle=False) as kept:
            if layer in (layers := kept["layers"].tolist()):
                states = kept["states"][:, layers.index(layer)].astype(np.float32)
                parts.append((states, kept["answerable"], kept["kinds"], kept["weights"]))
    if len(parts) < FEWEST:
        raise SystemExit(f"{len(parts)} documents and questions were collected for layer {layer}: give it more --minutes.")
    states, answerable, kinds, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Collected(states, answerable, kinds, np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts]), weights)


def report(found: Collected, scores: npt.NDArray[np.float64]) -> str:
    """Return the area under the curve of each kind of negative against the answerable cases with as many passages."""
    lines = []
    for name in SETS:
        for negative, positive in ((ALONE, ALONE), (AMONG_OTHERS, AMONG_OTHERS), (ANOTHER, ALONE), (OTHERS, AMONG_OTHERS)):
            right = scores[(found.kinds == f"{name} {positive}") & found.answerable]
            wrong = scores[(found.kinds == f"{name} {negative}") & ~found.answerable]
            if len(wrong):
                lines.append(f"  {name} {negative}: {area_under_curve(right, wrong):.3f} of {len(right)} and {len(wrong)}")
    return "\n".join(lines) or "  no document of squad2 or cmrc was collected yet"


def write_probe(found: Collected, layer: int, file: Path) -> None:
    """Fit a probe to all cases and write it, the standardization folded into its weights."""
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, layer=np.array(layer), weights=fit_weights(found.states, found.answerable, found.weights, STRENGTH))


def parse_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds the sets")
    parser.add_argument("--home", type=Path, required=True, help="state folder of the assistant")
    parser.add_argument("--chat", type=Path, required=True, help="the model's GGUF file")
    parser.add_argument("--states", type=Path, required=True, help="folder that the hidden states are kept in")
    parser.add_argument("--minutes", type=float, default=0, help="collect for so many minutes (default: only fit)")
    parser.add_argument("--layers", type=int, nargs="+", default=[15, 18, 21], help="layers that are collected and scored")
    parser.add_argument("--layer", type=int, default=18, help="layer of the probe that is written")
    parser.add_argument("--write", action="store_true", help="write the probe into the package")
    return parser.parse_args()


def collect(arguments: argparse.Namespace) -> None:
    """Collect the states of more questions and documents, those of all sets in turns, until the time is over."""
    questions = [read_slice(arguments.data, each, MOST_ASKED, "fit") for each in SLICES if each.name in ASKED]
    for group in questions:
        write_passages(group, arguments.home / "corpora")
    collector = Collector(arguments.data, arguments.home, arguments.chat, arguments.layers)
    end = time.monotonic() + 60 * arguments.minutes
    for asked in in_turns(questions):
        file = arguments.states / f"{asked.slice.name}-{asked.question.id}.npz".replace(" ", "-")
        if time.monotonic() < end and not file.exists():
            print(file.stem, collector.collect_question(asked, file), flush=True)
    groups = [read_documents(arguments.data, name) for name in SETS]
    for document in (document for pair in zip(*groups, strict=False) for document in pair):
        file = arguments.states / f"{document.key}.npz"
        if time.monotonic() > end:
            break
        if not file.exists():
            print(document.key, collector.collect(document, file), flush=True)
    collector.close()


def main() -> None:
    """Collect, score each layer, and write the probe."""
    arguments = parse_arguments()
    arguments.states.mkdir(parents=True, exist_ok=True)
    if arguments.minutes:
        collect(arguments)
    for layer in arguments.layers:
        found = read_states(arguments.states, layer)
        scores = held_out_scores(found.states, found.answerable, found.documents, found.weights, STRENGTH)
        print(f"layer {layer}, {len(found.states)} cases\n{report(found, scores)}")
    if arguments.write:
        write_probe(read_states(arguments.states, arguments.layer), arguments.layer,
                    Path(str(FITTED)) / f"{model_fingerprint(arguments.chat)}.npz")


if __name__ == "__main__":
    main()

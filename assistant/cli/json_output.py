"""Convert results to the JSON that `--json` prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from assistant.cli.console import ODD_IN_NAME
from assistant.datatypes.as_json import Json, answer, citation, hit, ledger_entry, search_result

if TYPE_CHECKING:
    from assistant import datatypes as data
    from assistant.catalog import Model

__all__ = [
    "Json", "answer", "change", "citation", "escaped", "explanation", "findings", "ledger_entry", "model", "print_json",
    "print_result", "report", "search_result", "session", "session_line",
]


def print_json(value: Mapping[str, object]) -> None:
    """Print one object on one line and flush it."""
    print(escaped(json.dumps(value, ensure_ascii=False)), flush=True)


def print_result(record: Mapping[str, object], show: Callable[[], None], *, json: bool) -> None:
    """Print a result as JSON, or show it as text."""
    if json:
        print_json(record)
    else:
        show()


def escaped(text: str) -> str:
    """Return equivalent JSON with control characters and lone surrogates escaped."""
    return ODD_IN_NAME.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def explanation(question: str, why: data.Explanation) -> Json:
    """Return the candidates of a search with their ranks and scores."""
    return {
        "question": question, "terms": [{"term": term, "passages": count} for term, count in why.terms],
        "dense_weight": why.dense_weight,
        "candidates": [
            {**hit(each, rank), "keyword_score": each.keyword_score, "cosine": each.cosine, "dropped_by": fate}
            for rank, (each, fate) in enumerate(why.candidates, 1)
        ],
        **({"reranking": asdict(why.reranking)} if why.reranking else {}),
    }


def turn(said: data.Turn) -> Json:
    """Return one turn of a conversation."""
    return {"question": said.question, **({"searched": said.searched} if said.searched else {}), "answer": said.answer,
            "abstained": said.abstained, "asked": said.asked, "citations": [citation(each) for each in said.citations]}


def session_line(kept: data.Session) -> Json:
    """Return the summary of a conversation: its number of turns and first question."""
    return {"session": kept.name, "library": kept.library, "started": kept.started, "turns": len(kept.turns),
            "first": kept.turns[0].question if kept.turns else ""}


def session(kept: data.Session) -> Json:
    """Return a whole conversation."""
    return {"session": kept.name, "library": kept.library, "started": kept.started, "turns": [turn(each) for each in kept.turns]}


def report(done: data.IngestReport) -> Json:
    """Return the result of `add` or `sync`."""
    return {
        "indexed": done.indexed, "unchanged": done.unchanged, "removed": done.removed,
        "skipped": [reason(entry) for entry in done.skipped], "failed": [reason(entry) for entry in done.failed],
        "chunks": done.chunks, "embedded": done.embedded, "seconds": round(done.seconds, 3), "interrupted": done.interrupted,
        "away": list(done.away),
    }


def change(made: data.Change) -> Json:
    """Return the change of one file."""
    return {"path": made.path, **({"chunks": made.chunks} if made.kind == "indexed" else {}),
            **({"reason": made.reason} if made.reason else {}), **({"was": made.old_path} if made.old_path else {})}


def reason(entry: data.LedgerEntry) -> Json:
    """Return a file that was left out, with the reason."""
    return {"path": entry.path, "reason": entry.reason}


def findings(found: Iterable[data.Finding]) -> Json:
    """Return the findings of `doctor`."""
    return {"findings": [asdict(finding) for finding in found]}


def model(known: Model, *, present: bool, chosen: bool, path: str) -> Json:
    """Return one model of the catalog, with its path if it is on this disk."""
    return {
        "name": known.name, "kind": known.kind, "present": present, "chosen": chosen, "starter": known.starter,
        "recommended": known.recommended, "size": known.size, "memory": known.memory, "licence": known.licence,
        "languages": list(known.languages), "summary": known.summary, **({"path": path} if present else {}),
    }

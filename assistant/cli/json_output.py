"""Convert results to the JSON that `--json` prints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from assistant.cli.console import ODD_IN_NAME
from assistant.datatypes.as_json import Json, answer, citation, hit, ledger_entry, search_result, status

if TYPE_CHECKING:
    from assistant.catalog import Model
    from assistant.datatypes import (
        Calibration,
        Change,
        Explanation,
        Fact,
        Finding,
        IngestReport,
        LedgerEntry,
        Session,
        Turn,
    )
    from assistant.watch import WatchStatus

__all__ = [
    "Json", "answer", "calibration", "change", "citation", "escaped", "explanation", "fact", "findings", "ledger_entry", "model",
    "print_json", "report", "search_result", "session", "session_line", "standing", "status",
]


def print_json(value: Mapping[str, object]) -> None:
    """Print one object on one line and flush it."""
    print(escaped(json.dumps(value, ensure_ascii=False)), flush=True)


def escaped(text: str) -> str:
    """Return equivalent JSON with control characters and lone surrogates escaped."""
    return ODD_IN_NAME.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def explanation(question: str, why: Explanation) -> Json:
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


def calibration(found: Calibration) -> Json:
    """Return a calibration: each refused share is a pair, without and with the offset."""
    return asdict(found)


def turn(said: Turn) -> Json:
    """Return one turn of a conversation."""
    return {"question": said.question, **({"searched": said.searched} if said.searched else {}), "answer": said.answer,
            "abstained": said.abstained, "asked": said.asked, "citations": [citation(each) for each in said.citations]}


def session_line(kept: Session) -> Json:
    """Return the summary of a conversation: its number of turns and first question."""
    return {"session": kept.name, "library": kept.library, "started": kept.started, "turns": len(kept.turns),
            "first": kept.turns[0].question if kept.turns else ""}


def session(kept: Session) -> Json:
    """Return a whole conversation."""
    return {"session": kept.name, "library": kept.library, "started": kept.started, "turns": [turn(each) for each in kept.turns]}


def fact(kept: Fact) -> Json:
    """Return a saved fact."""
    return asdict(kept)


def report(done: IngestReport) -> Json:
    """Return the result of `add` or `sync`."""
    return {
        "indexed": done.indexed, "unchanged": done.unchanged, "removed": done.removed,
        "skipped": [reason(entry) for entry in done.skipped], "failed": [reason(entry) for entry in done.failed],
        "chunks": done.chunks, "embedded": done.embedded, "seconds": round(done.seconds, 3), "interrupted": done.interrupted,
        "away": list(done.away),
    }


def change(made: Change) -> Json:
    """Return the change of one file."""
    return {"path": made.path, **({"chunks": made.chunks} if made.kind == "indexed" else {}),
            **({"reason": made.reason} if made.reason else {}), **({"was": made.old_path} if made.old_path else {})}


def standing(now: WatchStatus) -> Json:
    """Return the status of a watch."""
    return asdict(now)


def reason(entry: LedgerEntry) -> Json:
    """Return a file that was left out, with the reason."""
    return {"path": entry.path, "reason": entry.reason}


def findings(found: Iterable[Finding]) -> Json:
    """Return the findings of `doctor`."""
    return {"findings": [asdict(finding) for finding in found]}


def model(known: Model, *, present: bool, chosen: bool, path: str) -> Json:
    """Return one model of the catalog, with its path if it is on this disk."""
    return {
        "name": known.name, "kind": known.kind, "present": present, "chosen": chosen, "starter": known.starter,
        "recommended": known.recommended, "size": known.size, "memory": known.memory, "licence": known.licence,
        "languages": list(known.languages), "summary": known.summary, **({"path": path} if present else {}),
    }

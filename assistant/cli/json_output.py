"""Convert results to the JSON that `--json` prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from assistant.cli.console import ODD_IN_NAME

if TYPE_CHECKING:
    from assistant import datatypes as data
    from assistant.catalog import Model
    from assistant.datatypes.tables import Computation

Json = dict[str, object]
LOCATION = ("page", "page_label", "slide", "sheet", "cells", "chapter", "message", "time", "line_start", "line_end",
            "char_start", "char_end", "heading")


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


def location(place: data.Location) -> Json:
    """Return a location without its missing fields."""
    return {name: value for name in LOCATION if (value := getattr(place, name)) is not None}


def hit(found: data.Hit, rank: int) -> Json:
    """Return one passage."""
    ranks = {"keyword_rank": found.keyword_rank, "dense_rank": found.dense_rank, "rank_before": found.rank_before_rerank,
             "rerank_score": found.rerank_score}
    return {
        "rank": rank, "score": round(found.score, 6), "path": found.path, "title": found.title,
        "location": location(found.chunk.location), "text": found.chunk.text,
        **{name: value for name, value in ranks.items() if value is not None},
        **({"kind": found.kind} if found.kind != "file" else {}),
        **({"also": [{"path": path, "location": location(place)} for path, place in found.also]} if found.also else {}),
    }


def hits(found: Sequence[data.Hit]) -> list[Json]:
    """Return passages, best first."""
    return [hit(each, rank) for rank, each in enumerate(found, 1)]


def citation(cited: data.Citation) -> Json:
    """Return one source of an answer."""
    return {"number": cited.number, "path": cited.path, "title": cited.title, "location": location(cited.location),
            "quote": cited.quote, **({"kind": cited.kind} if cited.kind != "file" else {})}


def answerability(judged: data.Answerability) -> Json:
    """Return the confidence that the files answer the question, the refusal limit, and the signals; probabilities from 0 to 1."""
    values = {"confidence": 1 - judged.p_unanswerable, "refused_below": 1 - judged.threshold,
              "query_likelihood_gain": judged.query_likelihood_gain,
              "refusal_probability": judged.p_refusal_token, "confirmation_probability": judged.p_verified}
    return {name: round(value, 4) for name, value in values.items() if value is not None}


def timings(taken: data.Timings) -> Json:
    """Return milliseconds and counts."""
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(taken).items()}


def search_result(result: data.SearchResult) -> Json:
    """Return the passages for one question."""
    taken = {name: value for name, value in timings(result.timings).items() if name in {"retrieve_ms", "total_ms"}}
    return {"question": result.question, "hits": hits(result.hits), "embedded": round(result.embedded, 4), "timings": taken}


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


def answer(given: data.Answer) -> Json:
    """Return one answer."""
    return {
        "question": given.question, **({"searched": given.searched} if given.searched else {}), "answer": given.text,
        "abstained": given.abstained, "sentences": [asdict(each) for each in given.sentences],
        "citations": [citation(each) for each in given.citations], "conflicts": [conflict(each) for each in given.conflicts],
        "hits": hits(given.hits), "route": "computed" if given.computation else "passages", **computation(given.computation),
        **({"answerability": answerability(given.answerability)} if given.answerability else {}),
        **({"masked": [asdict(each) for each in given.masked]} if given.masked else {}),
        "model": given.model, "embedder": given.embedder, "prompt_version": given.prompt_version,
        "timings": timings(given.timings),
    }


def computation(done: Computation | None) -> Json:
    """Return how an answer was computed over a table; an empty object if it was not."""
    if done is None:
        return {}
    return {"sql": done.sql, "table": done.table, "computed": done.words, "columns": list(done.columns),
            "rows": [list(row) for row in done.rows], "values": list(done.values), "row_count": done.count,
            "confidence": round(done.confidence, 3),
            "by_model": done.by_model}


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


def conflict(found: data.Conflict) -> Json:
    """Return the conflicting statements of files, newest first."""
    return {"sides": [{"number": side.citation.number, "path": side.citation.path, "date": side.date, "value": side.value,
                       "quote": side.citation.quote} for side in found.sides]}


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


def ledger_entry(entry: data.LedgerEntry) -> Json:
    """Return the ledger entry of one file."""
    return {
        "path": entry.path, "root": entry.root, "state": entry.state.value, "reason": entry.reason, "size": entry.size,
        "chunks": entry.chunks, "pages": entry.pages, "empty_pages": list(entry.empty_pages),
        "ocr_pages": list(entry.ocr_pages), "encoding": entry.encoding, "notes": list(entry.notes),
        **({"container": entry.container} if entry.container else {}),
    }


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

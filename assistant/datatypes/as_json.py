"""Convert results to JSON objects, the same for `--json` and for the programs that ask over HTTP or MCP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from math import isfinite

from assistant.datatypes.answers import Answer, Answerability, Citation, Conflict, Sentence
from assistant.datatypes.documents import Location
from assistant.datatypes.files import LedgerEntry, LibraryStatus, OutdatedFile
from assistant.datatypes.search import Hit, SearchResult, Timings
from assistant.datatypes.tables import Computation

Json = dict[str, object]
LOCATION = ("page", "page_label", "slide", "sheet", "cells", "chapter", "message", "time", "line_start", "line_end",
            "char_start", "char_end", "heading")


def location(place: Location) -> Json:
    """Return a location without its missing fields."""
    return {name: value for name in LOCATION if (value := getattr(place, name)) is not None}


def hit(found: Hit, rank: int) -> Json:
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


def hits(found: Sequence[Hit]) -> list[Json]:
    """Return passages, best first."""
    return [hit(each, rank) for rank, each in enumerate(found, 1)]


def citation(cited: Citation) -> Json:
    """Return one source of an answer."""
    return {"number": cited.number, "path": cited.path, "title": cited.title, "location": location(cited.location),
            "quote": cited.quote, **({"kind": cited.kind} if cited.kind != "file" else {})}


def answerability(judged: Answerability) -> Json:
    """Return the confidence that the files answer the question, the refusal limit, and the signals; probabilities from 0 to 1.

    The confidence is None if there is no estimate; then there is no limit either.
    """
    signals = {"query_likelihood_gain": judged.query_likelihood_gain,
               "refusal_probability": judged.p_refusal_token, "confirmation_probability": judged.p_verified,
               "probe_log_odds": judged.probe}
    measured: Json = {name: round(value, 4) for name, value in signals.items() if value is not None}
    if judged.p_unanswerable is None:
        return {"confidence": None, **measured}
    return {"confidence": round(1 - judged.p_unanswerable, 4), "refused_below": round(1 - judged.threshold, 4), **measured}


def cell(value: object) -> str | int | float | None:
    """Return a value of a table; exact decimals, dates and what JSON cannot hold as text, so that no digit is lost."""
    if value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def sentence(said: Sentence) -> Json:
    """Return one sentence of an answer with the numbers of its sources and their support."""
    return {"text": said.text, "numbers": list(said.numbers), "support": said.support}


def timings(taken: Timings) -> Json:
    """Return milliseconds and counts."""
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(taken).items()}


def search_result(result: SearchResult) -> Json:
    """Return the passages for one question."""
    taken = {name: value for name, value in timings(result.timings).items() if name in {"retrieve_ms", "total_ms"}}
    return {"question": result.question, "hits": hits(result.hits), "embedded": round(result.embedded, 4), "timings": taken,
            **outdated(result.outdated)}


def outdated(files: Sequence[OutdatedFile]) -> Json:
    """Return the files that have changed since they were read, under their key; nothing if there are none."""
    return {"outdated": [asdict(each) for each in files]} if files else {}


def answer(given: Answer) -> Json:
    """Return one answer."""
    return {
        "question": given.question, **({"searched": given.searched} if given.searched else {}), "answer": given.text,
        "abstained": given.abstained, "sentences": [sentence(each) for each in given.sentences],
        "citations": [citation(each) for each in given.citations], "conflicts": [conflict(each) for each in given.conflicts],
        "hits": hits(given.hits),
        "route": "computed" if given.computation else "passages", **computation(given.computation),
        **({"answerability": answerability(given.answerability)} if given.answerability else {}),
        **({"masked": [asdict(each) for each in given.masked]} if given.masked else {}),
        **outdated(given.outdated),
        "model": given.model, "machine": given.machine or "this machine",
        **({"fallback": given.fallback} if given.fallback else {}),
        "embedder": given.embedder, "prompt_version": given.prompt_version,
        "timings": timings(given.timings),
    }


def conflict(found: Conflict) -> Json:
    """Return the conflicting statements of files, newest first."""
    return {"sides": [{"number": side.citation.number, "path": side.citation.path, "date": side.date, "value": side.value,
                       "quote": side.citation.quote} for side in found.sides]}


def status(held: LibraryStatus) -> Json:
    """Return the status of a library."""
    return asdict(held)


def ledger_entry(entry: LedgerEntry) -> Json:
    """Return the ledger entry of one file."""
    return {
        "path": entry.path, "root": entry.root, "state": entry.state.value, "reason": entry.reason, "size": entry.size,
        "chunks": entry.chunks, "pages": entry.pages, "empty_pages": list(entry.empty_pages),
        "ocr_pages": list(entry.ocr_pages), "encoding": entry.encoding, "notes": list(entry.notes),
        **({"container": entry.container} if entry.container else {}),
    }


def computation(done: Computation | None) -> Json:
    """Return how an answer was computed over a table; an empty object if it was not."""
    if done is None:
        return {}
    return {"sql": done.sql, "table": done.table, "computed": done.words, "columns": list(done.columns),
            "rows": [list(row) for row in done.rows], "values": list(done.values), "row_count": done.count,
            "confidence": round(done.confidence, 3), "by_model": done.by_model}

"""Results of tools, bounded in characters: a readable text, the same as an object, and a cursor to the rest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate

from assistant.datatypes import Answer, Citation, Finding, Hit, LedgerEntry, LibraryStatus, TextPage
from assistant.datatypes.as_json import Json

FIELD_CHARACTERS = 40  # of the names and punctuation of an item
LONGEST_QUOTE = 400
MARKS = {"full": "", "partial": "~", "none": "?"}


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of a tool: for a model to read, and for a program."""

    text: str
    fields: Json


def shortened(text: str, most: int) -> str:
    """Return a text cut after so many characters."""
    return text if len(text) <= most else f"{text[: max(0, most - 1)]}…"


def fitting(sizes: Sequence[int], most: int) -> int:
    """Return how many of the items fit into so many characters; at least one, if there are any."""
    total = 0
    for count, size in enumerate(sizes):
        total += size + FIELD_CHARACTERS
        if count and total > most:
            return count
    return len(sizes)


def with_more(text: str, more: str | None) -> str:
    """Return a text with a last line that says how to get the rest."""
    return text if more is None else f"{text}\n\nThere is more: call again with cursor {json.dumps(more)}."


def passages_result(hits: Sequence[Hit], offset: int, limit: int, most: int) -> ToolResult:
    """Return the passages from `offset` on, at most `limit`; `hits` holds one more if there are more."""
    wanted = hits[offset : offset + limit]
    sizes = [len(hit.chunk.text) + 2 * len(hit.path) for hit in wanted]
    shown = wanted[: fitting(sizes, most)]
    end = offset + len(shown)
    more = str(end) if end < len(hits) else None
    room = most if len(shown) == 1 else max(map(len, (hit.chunk.text for hit in shown)), default=0)
    items = [passage_fields(hit, room) for hit in shown]
    blocks = [f"{number}. {item['path']}, {item['place']} (at {item['at']})\n{item['text']}"
              for number, item in enumerate(items, offset + 1)]
    return ToolResult(with_more("\n\n".join(blocks) or "No passages found.", more), {"passages": items, "more": more})


def passage_fields(hit: Hit, most: int) -> Json:
    """Return one passage."""
    place = hit.chunk.location
    return {"path": hit.path, "title": hit.title, "place": place.words if hit.kind == "file" else hit.kind,
            "at": place.char_start, "text": shortened(hit.chunk.text, most)}


def text_result(page: TextPage, most: int, wrong: Sequence[Finding] = ()) -> ToolResult:
    """Return text of a file, and what is wrong with libraries; the cursor is the character from which it continues."""
    text = page.text[:most]
    cut = len(text) < len(page.text)
    end = page.start + len(text) if cut else page.end
    more = str(end) if cut or not page.complete else None
    places = [{"at": hit.chunk.location.char_start, "place": hit.chunk.location.words} for hit in page.hits
              if hit.chunk.location.char_start < end]
    places = places[: max(1, fitting([len(str(place["place"])) for place in places], most // 2))]
    fields: Json = {"path": page.path, "title": page.title, "start": page.start, "end": end, "text": text, "places": places,
                    "more": more, "findings": list(map(asdict, wrong))}
    first, last = page.hits[0].chunk.location.words, page.hits[-1].chunk.location.words
    where = first if len(page.hits) == 1 else f"{first} to {last}"
    said = "\n\n".join([f"{page.path}, {where} (characters {page.start} to {end})", text, *finding_lines(wrong)])
    return ToolResult(with_more(said, more), fields)


def files_result(files: Sequence[LedgerEntry], limit: int, most: int, wrong: Sequence[Finding] = ()) -> ToolResult:
    """Return files, and what is wrong with libraries; `files` holds one more than `limit` if there are more.

    The cursor is the last path.
    """
    listed = files[:limit]
    shown = listed[: fitting([len(entry.path) for entry in listed], most)]
    more = shown[-1].path if len(shown) < len(files) else None
    items = [{"path": entry.path, "bytes": entry.size, "passages": entry.chunks} for entry in shown]
    lines = [f"{entry.path} ({entry.chunks} passages)" for entry in shown] or ["No files."]
    fields: Json = {"files": items, "more": more, "findings": list(map(asdict, wrong))}
    return ToolResult(with_more("\n".join([*lines, *finding_lines(wrong)]), more), fields)


def finding_lines(wrong: Sequence[Finding]) -> list[str]:
    """Return a line for each library that cannot be opened."""
    return [f"{each.subject}: {each.detail} {each.remedy}".strip() for each in wrong]


def status_result(version: str, held: Sequence[LibraryStatus], wrong: Sequence[Finding]) -> ToolResult:
    """Return what the libraries hold, and what is wrong with those that cannot be opened."""
    items: list[Json] = [
        {"name": each.name, "files": each.documents, "passages": each.chunks, "folders": list(each.roots),
         "left_out": each.skipped + each.failed, "not_embedded": each.waiting} for each in held
    ]
    lines = [f"{each.name}: {each.documents} files, {each.chunks} passages, from {', '.join(each.roots) or 'no folder'}"
             for each in held]
    lines += finding_lines(wrong)
    return ToolResult("\n".join(lines) or "There are no libraries yet. The user can add files: assistant add FOLDER",
                      {"version": version, "libraries": items, "findings": list(map(asdict, wrong))})


def answer_text(answer: Answer) -> str:
    """Return an answer as one text: what is not fully supported is marked, and the sources follow."""
    weak = [said for said in answer.sentences if said.support != "full"]
    parts = [answer.text]
    if answer.abstained:
        parts.append("The files do not state the answer.")
    elif answer.sentences and not weak:
        parts.append("Every sentence is supported by its source.")
    parts += [f"{'Partly supported' if said.support == 'partial' else 'Not supported'}: {said.text}" for said in weak
              if not answer.abstained]
    sources = [f"[{cited.number}] {cited.path}, {place_of(cited)} (at {cited.location.char_start}): "
               f"“{shortened(' '.join(cited.quote.split()), LONGEST_QUOTE)}”" for cited in answer.citations]
    return "\n".join([*parts, *(["Sources:", *sources] if sources else [])])


def answer_fields(answer: Answer, start: int, end: int, *, is_last: bool) -> Json:
    """Return the part of an answer that goes with these characters of its text: what begins there; on the last page, the rest.

    The parts together are the whole answer. Sentences follow each other as in the text, and the sources follow the text.
    """
    said_at = starts([len(said.text) for said in answer.sentences], 0)
    cited_at = starts([len(cited.path) + len(cited.quote[:LONGEST_QUOTE]) for cited in answer.citations], len(answer.text))
    sentences: list[Json] = [{"text": said.text, "citations": list(said.numbers), "support": said.support}
                             for said, at in zip(answer.sentences, said_at, strict=True) if start <= at and (is_last or at < end)]
    citations = [citation_fields(cited) for cited, at in zip(answer.citations, cited_at, strict=True)
                 if start <= at and (is_last or at < end)]
    return {"answer": answer.text[start:end], "abstained": answer.abstained, "sentences": sentences, "citations": citations,
            "model": answer.model}


def starts(sizes: Sequence[int], first: int) -> list[int]:
    """Return where each item begins if they follow each other from `first` on."""
    return list(accumulate(sizes, initial=first))[:-1]


def citation_fields(cited: Citation) -> Json:
    """Return one source of an answer."""
    return {"number": cited.number, "path": cited.path, "title": cited.title, "place": place_of(cited),
            "at": cited.location.char_start, "quote": shortened(cited.quote, LONGEST_QUOTE)}


def place_of(cited: Citation) -> str:
    """Return where a citation is; for what is no file, what it is."""
    return cited.location.words if cited.kind == "file" else cited.kind

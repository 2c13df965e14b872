"""Citations in the forms of OpenAI's APIs: annotations with places in the text, and a list of sources after it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.datatypes import Answer, Citation
from assistant.datatypes.as_json import Json, location
from assistant.server.http.conversation import SOURCES

LONGEST_QUOTE = 300  # characters in the list of sources; the annotations hold the whole quote


def marked_citations(answer: Answer) -> Iterator[tuple[Citation, int, int]]:
    """Yield each citation with the half-open span of each of its marks in the text; one without a mark with an empty span."""
    for cited in answer.citations:
        spans = [found.span() for found in re.finditer(rf"\[{cited.number}\]", answer.text)]
        for start, end in spans or [(len(answer.text), len(answer.text))]:
            yield cited, start, end


def url_annotations(answer: Answer) -> list[Json]:
    """Return the annotations of a chat message. Each citation has a title of its own: chat programs merge sources by title."""
    titles = distinct_titles(answer.citations)
    return [
        {"type": "url_citation", "url_citation": {
            "url": file_url(cited), "title": titles[cited.number], "start_index": start, "end_index": end,
            "quote": cited.quote, "path": cited.path, "location": location(cited.location)}}
        for cited, start, end in marked_citations(answer)
    ]


def distinct_titles(citations: Sequence[Citation]) -> dict[int, str]:
    """Return the file and place of each citation by its number; one that another has already had, with the number."""
    titles: dict[int, str] = {}
    for cited in citations:
        place = place_of(cited)
        titles[cited.number] = f"{place} ({cited.number})" if place in titles.values() else place
    return titles


def file_annotations(answer: Answer) -> list[Json]:
    """Return the annotations of a text of the Responses API."""
    return [
        {"type": "file_citation", "file_id": cited.path, "filename": name_of(cited), "index": start,
         "quote": cited.quote, "url": file_url(cited), "location": location(cited.location)}
        for cited, start, _ in marked_citations(answer)
    ]


def source_list(answer: Answer) -> str:
    """Return the sources as text to put after an answer; an empty string if there are none."""
    lines = [f"[{cited.number}] {place_of(cited)}: “{shortened(cited.quote)}”" for cited in answer.citations]
    return SOURCES + "\n".join(lines) if lines else ""


def place_of(cited: Citation) -> str:
    """Return where a citation is, such as "lease.pdf, p. 3, lines 10-12"."""
    return f"{name_of(cited)}, {cited.location.words}" if cited.kind == "file" else cited.title or cited.path


def name_of(cited: Citation) -> str:
    """Return the name of the file of a citation."""
    return Path(cited.path).name or cited.path


def shortened(quote: str) -> str:
    """Return a quote on one line, cut if it is long."""
    words = " ".join(quote.split())
    return words if len(words) <= LONGEST_QUOTE else f"{words[:LONGEST_QUOTE].rstrip()}…"


def file_url(cited: Citation) -> str:
    """Return the URL of the quoted place: the page of a PDF, and characters of the text as in RFC 5147; the id of no file.

    Citations of one file have different URLs, since chat programs merge sources of the same URL.
    """
    if cited.kind != "file" or not Path(cited.path).is_absolute():
        return cited.path
    place = cited.location
    page = f"page={place.page}&" if place.page is not None and cited.path.lower().endswith(".pdf") else ""
    return f"{Path(cited.path).as_uri()}#{page}char={place.char_start},{place.char_end}"

"""Replace embedded binary data in text (`data:` URIs, long runs of base64 or hexadecimal digits) by short placeholders.

A picture inside a Markdown file would otherwise become hundreds of chunks that nobody can search for.
"""

from __future__ import annotations

import re

PICTURE, DATA = "[picture]", "[data]"
MIN_RUN = 200  # characters of base64 or hexadecimal digits; hashes and keys that a reader may look for are shorter
MIN_TEXT = 64  # characters; the shortest payload of a `data:` URI that is replaced
MIN_SHARE = 0.02  # of the digits, the small and the capital letters in base64
MAX_SIGNS = 1 / 8  # of the characters / - _, which are frequent in paths
EMBEDDED = re.compile(
    r"(?i:\bdata:)(?P<kind>[\w.+-]{1,40}/[\w.+-]{1,80})?(?:;[\w.+-]{1,40}(?:=[\w.+\"-]{0,80})?){0,8}(?:"
    r";(?i:base64),(?:[A-Za-z0-9+/=_%-]|\\?[ \t]*\r?\n[ \t]*(?=[A-Za-z0-9+/=]{40}|[A-Za-z0-9+/]{0,80}={0,2}[ \t]*[)\"'>])){64,}"
    r"|,(?:%[0-9A-Fa-f]{2}|[\w.~+/=:;,&#*$!?@|-]){64,})"
    r"|(?<![A-Za-z0-9+/_=-])(?P<run>[A-Za-z0-9+/_-]{200,}={0,2})(?![A-Za-z0-9+/_])"
    r"|(?<![A-Za-z0-9+/_=-])(?P<lines>(?:[A-Za-z0-9+/]{40,}(?:\r?\n|\\r\\n|\\n)[ \t]*){3,}[A-Za-z0-9+/]+={0,2})(?![A-Za-z0-9+/_])"
)
HEXADECIMAL = re.compile(r"[0-9a-f\s]+\Z|[0-9A-F\s]+\Z")


BLANK_LINES = re.compile(r"(?<=\[data\])\n{20,}|(?<=\[picture\])\n{20,}")


def replace_embedded_data(text: str) -> str:
    """Return the text with a placeholder for each embedded file; the line breaks in it stay, so that lines keep their numbers."""
    return EMBEDDED.sub(_placeholder, text) if len(text) >= MIN_TEXT else text


def spans_between_blocks(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text between the blank lines that long blocks of embedded data left behind."""
    blanks = list(BLANK_LINES.finditer(text)) if DATA in text or PICTURE in text else []
    return list(zip([0, *(blank.end() for blank in blanks)], [*(blank.start() for blank in blanks), len(text)], strict=True))


def _placeholder(match: re.Match[str]) -> str:
    found = match[0]
    run = match["run"] or match["lines"]
    if run and not is_encoded(run):
        return found
    breaks = "\n" * found.count("\n")
    return (PICTURE if (match["kind"] or "").lower().startswith("image/") else DATA) + breaks


def is_encoded(run: str) -> bool:
    """Return True if a run of letters and digits is base64 or hexadecimal: no long word, path or sequence of few letters."""
    if HEXADECIMAL.match(run):
        return sum(map(str.isdigit, run)) > MIN_SHARE * len(run) and any(map(str.isalpha, run))
    counts = (sum(map(kind, run)) for kind in (str.isdigit, str.islower, str.isupper))
    signs = sum(map(run.count, "/-_"))
    return all(count > MIN_SHARE * len(run) for count in counts) and signs < MAX_SIGNS * len(run)

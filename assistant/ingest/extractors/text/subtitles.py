"""Read subtitles (.srt, .vtt): one line per cue, marked with its time.

The formats are SubRip, which has no specification, and WebVTT (W3C).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.datatypes import Extraction, PositionLabel
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import LINE, PARAGRAPH, ExtractionBuilder, Source
from assistant.ingest.extractors.encoding import decode

TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
TIMING = re.compile(rf"\s*{TIME}\s*-->\s*{TIME}")
VOICE = re.compile(r"<v(?:\.[^\s>]{0,99})?\s+([^>\n]{1,99})>")
STYLE = re.compile(r"</?[A-Za-z\d][^<>\n]{0,200}>|\{\\[^{}\n]{0,200}\}")
PAUSE = 5.0  # seconds without a cue before a new paragraph begins


@dataclass(frozen=True, slots=True)
class _Cue:
    """The lines of a cue and its start and end in seconds."""

    start: float
    end: float
    lines: list[str]


def read_subtitles(source: Source) -> Extraction:
    """Read subtitles; each line is marked with the time of its cue."""
    decoded = decode(source.data, source.suffix)
    builder = ExtractionBuilder()
    voice, previous, ended = "", frozenset({""}), 0.0
    for cue in _cues(decoded.text.splitlines()):
        speaker = VOICE.search(" ".join(cue.lines))
        plain = (" ".join(html.unescape(STYLE.sub("", line)).split()) for line in cue.lines)
        lines = [line for line in plain if line]
        new = [line for line in lines if line not in previous]  # rolling captions repeat the line above
        if new:
            name = " ".join(speaker[1].split()) if speaker else ""
            said = f"{name}: {' '.join(new)}" if name and name != voice else " ".join(new)
            builder.add(said, PARAGRAPH if cue.start - ended > PAUSE else LINE, PositionLabel(0, time=_format_time(cue.start)))
            voice = name
        previous, ended = frozenset(lines) or previous, cue.end
    if not builder.length and not TIMING.search(decoded.text):
        raise UnreadableFile("damaged: there are no subtitles in it")
    return builder.finish(encoding=decoded.encoding, notes=decoded.notes)


def _cues(lines: list[str]) -> Iterator[_Cue]:
    """Yield the cues: the lines below a timing line up to an empty line or the next timing line."""
    cue: _Cue | None = None
    for line in lines:
        timing = TIMING.match(line) if "-->" in line else None
        if timing:
            if cue and len(cue.lines) > 1 and cue.lines[-1].strip().isdigit():
                del cue.lines[-1]  # the number of the next cue, if no empty line separates the two
            if cue:
                yield cue
            cue = _Cue(_seconds(*timing.groups()[:4]), _seconds(*timing.groups()[4:]), [])
        elif cue and line.strip():
            cue.lines.append(line)
        elif cue:
            yield cue
            cue = None
    if cue:
        yield cue


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")


def _format_time(start: float) -> str:
    minutes, seconds = divmod(int(start), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"

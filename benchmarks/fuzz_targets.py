"""The parsers that a fuzz test feeds, the words of their formats, and the judge of what they did with a damaged file.

A parser may return what it found or raise one of the project's errors. It may also let an exception of a library pass, which
`extractors.registry` turns into a reason. Everything else is a finding: an exception of our own code that nobody meant,
memory that runs out, and an extraction that the program would refuse to take from its worker process.
"""

from __future__ import annotations

import io
import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import checkout
from fuzz_tokens import JSON, LINES, MAIL, OLE, PDF, RTF, TIMES, XML

from assistant.datatypes import Document, Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source, storable
from assistant.ingest.extractors.email.outlook_msg import unpack_rtf
from assistant.ingest.extractors.encoding import decode, decode_as, decode_name
from assistant.ingest.extractors.registry import OPENERS, READERS, extract, members
from assistant.ingest.workers.protocol import ProtocolError, reading_from_frame, reading_to_frame, receive, send
from assistant.ingest.workers.read_file import ReadResult

DIGITS = re.compile(r"\d+")
PACKAGE = str(checkout.ROOT / "assistant")
ALWAYS_OURS = (MemoryError, AssertionError, NameError)
MEANT = (RecursionError,)  # becomes "nested too deeply"
OF_C_LIBRARIES = (
    "lxml.etree",
    "xml.etree.ElementTree",
    "xml.parsers.expat",
    "zlib",
    "_lzma",
    "pypdfium2",
    "PIL",
    "python_calamine",
    "_duckdb",
)


@dataclass(frozen=True, slots=True)
class Target:
    """A parser: what it is called, which suffixes its seeds have, what runs it, and words that mean something to it."""

    name: str
    suffixes: tuple[str, ...]
    run: Callable[[bytes], None]
    tokens: tuple[bytes, ...] = ()


def judge(target: Target, data: bytes) -> str:
    """Return what is wrong with how a parser took a file, empty where nothing is: an exception and where it came from."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.run(data)
    except UnreadableFile:
        return ""
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return _verdict(error)
    return ""


def _verdict(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    is_ours = frames[-1].filename.startswith(PACKAGE)
    is_of_library = not is_ours or any(type(error).__module__.startswith(name) for name in OF_C_LIBRARIES)
    is_exception = isinstance(error, Exception) and not isinstance(error, ALWAYS_OURS)
    if is_exception and (is_of_library or isinstance(error, MEANT)):
        return ""
    ours = [frame for frame in frames if frame.filename.startswith(PACKAGE)] or frames
    where = f"{Path(ours[-1].filename).name}:{ours[-1].name}:{ours[-1].lineno}"
    return f"{type(error).__name__} at {where}: {DIGITS.sub('N', str(error)[:100])}"


def _read(name: str, suffix: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        source = Source(data, f"a{suffix}", ("secret",))
        if suffix in READERS:
            _check(READERS[suffix](source))
        if suffix in OPENERS:
            for member in OPENERS[suffix](source):
                member.name.encode("utf-8")
                assert isinstance(member.data, bytes)

    run.__name__ = name
    return run


def _check(extraction: Extraction) -> None:
    """Send what was found through the wire, as the worker does."""
    if not extraction.text.strip():
        return
    reading = ReadResult("/a", Document("/a", "a", "", storable(extraction)), "", 1)
    stream = io.BytesIO()
    send(stream, reading_to_frame(reading))
    stream.seek(0)
    assert reading_from_frame(receive(stream)) == reading, "it does not come through the wire as it is"


def _extract_anything(data: bytes) -> None:
    """Read bytes under each name whose reader looks at the content to tell what it is."""
    suffix = SNIFFED[data[-1] % len(SNIFFED)] if data else ".doc"
    source = Source(data, f"a{suffix}")
    try:
        _check(extract(source))
    except UnreadableFile as error:
        if isinstance(error.__cause__, MemoryError):
            raise error.__cause__ from None
    if suffix in OPENERS:
        list(members(source))


def _read_text(data: bytes) -> None:
    decode_name(data[:300])
    decode_as(data[40:], data[:40].decode("latin-1").split("\n")[0].strip())
    decode(data, ".txt", trust_declaration=True)


def _read_packed_rtf(data: bytes) -> None:
    unpack_rtf(data)


def _read_frames(data: bytes) -> None:
    """Read frames as the program reads those of its worker."""
    stream = io.BytesIO(data)
    try:
        while True:
            frame = receive(stream)
            reading = reading_from_frame(frame.get("reading", frame))
            if isinstance(reading.outcome, Document):
                _check(reading.outcome.extraction)
    except ProtocolError:
        return


SNIFFED = (".doc", ".xls", ".docx", ".pptx", ".xlsx", ".odt", ".epub", ".pdf", ".rtf", ".msg", ".ppt")


def _for_suffixes(name: str, suffixes: str, tokens: Sequence[bytes] = ()) -> Iterator[Target]:
    """Yield one target to each suffix, since the same reader may take another way for another suffix."""
    for suffix in suffixes.split():
        yield Target(f"{name} {suffix}", (suffix,), _read(name, suffix), tuple(tokens))


TARGETS: tuple[Target, ...] = (
    *_for_suffixes("pdf", ".pdf", PDF),
    *_for_suffixes("picture", ".png .jpg .tiff .webp .bmp .gif"),
    *_for_suffixes("word", ".docx", XML),
    *_for_suffixes("slides", ".pptx", XML),
    *_for_suffixes("sheets", ".xlsx .xlsb .xls", (*XML, *OLE)),
    *_for_suffixes("opendocument", ".odt .odp .ods .fodt .fods", XML),
    *_for_suffixes("rich text", ".rtf", RTF),
    *_for_suffixes("old word", ".doc", OLE),
    *_for_suffixes("old slides", ".ppt", OLE),
    *_for_suffixes("onenote", ".one", OLE),
    *_for_suffixes("web", ".html", XML),
    *_for_suffixes("e-book", ".epub", XML),
    *_for_suffixes("mail", ".eml .emlx .mbox .mhtml", MAIL),
    *_for_suffixes("outlook", ".msg", OLE),
    *_for_suffixes("content lines", ".ics .vcf", TIMES),
    *_for_suffixes("subtitles", ".srt .vtt", TIMES),
    *_for_suffixes("table", ".csv .tsv", LINES),
    *_for_suffixes("parquet", ".parquet"),
    *_for_suffixes("json", ".json .jsonl .boxnote .ipynb", JSON),
    *_for_suffixes("xml", ".xml", XML),
    *_for_suffixes("text", ".txt .md .rst .py .java .js .tex .yaml", LINES),
    *_for_suffixes("archive", ".zip .tar .gz .tgz .bz2 .xz"),
    Target("names that lie", SNIFFED, _extract_anything),
    Target("encodings", (".txt", ".html", ".csv"), _read_text, LINES),
    Target("packed rich text", (".lzfu",), _read_packed_rtf, RTF),
    Target("wire", (".frames",), _read_frames, JSON),
)


def without_ocr() -> None:
    """Let this process find no text in pictures: OCR takes seconds, and is a neural network, no parser."""
    from types import SimpleNamespace

    from assistant.ingest.extractors import images as ocr

    nothing = SimpleNamespace(boxes=None, txts=None, scores=())
    ocr._engine = lambda: lambda _pixels: nothing  # type: ignore[assignment]

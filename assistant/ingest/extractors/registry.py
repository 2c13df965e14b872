"""One file's bytes in; its text, and where pages and headings are, out. One reader to a family of formats.

A new format is one function `(Source) -> Extraction` and one line in READERS; files that hold others have one
`(Source) -> Iterator[Member]` in OPENERS besides, or instead. Both import their libraries inside the function that needs
them, and say no by raising UnreadableFile or SkippedFile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

from assistant.datatypes import Extraction
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.sniff import true_suffix
from assistant.ingest.extractors.source import LazyOpener, LazyReader, Member, Opener, Reader, Source, found_in
from assistant.ingest.extractors.storable import storable

EXTRACTOR_VERSION = 3

OPEN_DOCUMENTS = ".odt .ott .fodt .odp .otp .fodp .odg .fodg"
PICTURES = ".png .jpg .jpeg .tif .tiff .webp .bmp .gif"
ARCHIVES = ".zip .tar .gz .tgz .bz2 .tbz .tbz2 .xz .txz"
CODE = (
    ".yaml .yml .toml .ini .cfg .py .js .ts .jsx .tsx .java .c .h .cpp .hpp .cc .cs .go .rs .rb .php "
    ".swift .kt .scala .sh .bash .ps1 .sql .r .jl .lua .pl .m .tex .org .css .vue"
)

READERS: dict[str, Reader] = {
    ".pdf": LazyReader("pdf.pdf", "read_pdf"),
    **dict.fromkeys(PICTURES.split(), LazyReader("images.image", "read_image")),
    # office
    **dict.fromkeys((".docx", ".docm", ".dotx", ".dotm"), LazyReader("office.docx", "read_docx")),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx"), LazyReader("office.pptx", "read_slides")),
    **dict.fromkeys((".xlsx", ".xlsm", ".xltx", ".xlsb", ".xls"), LazyReader("office.xlsx", "read_sheets")),
    **dict.fromkeys(OPEN_DOCUMENTS.split(), LazyReader("office.odf", "read_opendocument")),
    **dict.fromkeys((".ods", ".ots", ".fods"), LazyReader("office.xlsx", "read_opendocument_sheets")),
    # older ones
    ".rtf": LazyReader("legacy.rtf", "read_rtf"),
    **dict.fromkeys((".doc", ".dot"), LazyReader("legacy.doc", "read_doc")),
    **dict.fromkeys((".ppt", ".pps"), LazyReader("legacy.ppt", "read_ppt")),
    ".one": LazyReader("legacy.onenote", "read_one"),
    # web, books, mail
    **dict.fromkeys((".html", ".htm", ".xhtml"), LazyReader("web.html", "read_html")),
    **dict.fromkeys((".mhtml", ".mht"), LazyReader("email.mbox", "read_mhtml")),
    ".epub": LazyReader("web.epub", "read_epub"),
    ".eml": LazyReader("email.message", "read_mail"),
    ".emlx": LazyReader("email.mbox", "read_emlx"),
    ".mbox": LazyReader("email.mbox", "read_mbox"),
    ".msg": LazyReader("email.outlook_msg", "read_msg"),
    **dict.fromkeys((".ics", ".vcf"), LazyReader("text.calendar", "read_content_lines")),
    # data
    **dict.fromkeys((".csv", ".tsv"), LazyReader("text.plain", "read_csv")),
    ".json": LazyReader("text.json", "read_json"),
    **dict.fromkeys((".jsonl", ".ndjson"), LazyReader("text.json", "read_json_lines")),
    ".boxnote": LazyReader("text.json", "read_note"),
    ".ipynb": LazyReader("text.json", "read_notebook"),
    **dict.fromkeys((".xml", ".nxml", ".rss", ".atom", ".fb2"), LazyReader("web.xml", "read_xml")),
    **dict.fromkeys((".srt", ".vtt"), LazyReader("text.subtitles", "read_subtitles")),
    # text
    **dict.fromkeys((".txt", ".text", ".log"), LazyReader("text.plain", "read_plain")),
    **dict.fromkeys((".md", ".markdown"), LazyReader("text.plain", "read_markdown")),
    ".rst": LazyReader("text.plain", "read_rst"),
    **dict.fromkeys(CODE.split(), LazyReader("text.plain", "read_code")),
}

OPENERS: dict[str, Opener] = {
    **dict.fromkeys(ARCHIVES.split(), LazyOpener("archives.archive", "open_archive")),
    ".pdf": LazyOpener("pdf.pdf", "open_pdf"),
    ".eml": LazyOpener("email.message", "open_mail"),
    ".emlx": LazyOpener("email.mbox", "open_emlx"),
    ".mbox": LazyOpener("email.mbox", "open_mbox"),
    ".msg": LazyOpener("email.outlook_msg", "open_msg"),
}

ADVICE = {
    **dict.fromkeys((".pages", ".numbers", ".key"), "export it as PDF, Word or Excel"),
    **dict.fromkeys((".heic", ".heif"), "save it as JPEG"),
    **dict.fromkeys((".7z", ".rar"), "unpack it"),
}
"""What to do about files that people have and that cannot be read."""

PLAIN_NAMES = frozenset({"readme", "license", "licence", "copying", "notice", "authors", "changelog", "todo"})


def suffix_of(name: str) -> str:
    """Return the suffix that decides who reads a file of this name."""
    suffix = PurePath(name).suffix.lower()
    return ".txt" if not suffix and name.lower() in PLAIN_NAMES else suffix


def has_reader(name: str) -> bool:
    """Say whether files of this name can be read or opened."""
    return suffix_of(name) in READERS or is_container(name)


def is_container(name: str) -> bool:
    """Say whether files of this name can hold others."""
    return suffix_of(name) in OPENERS


def can_read_pictures() -> bool:
    """Say whether the packages for OCR are installed."""
    return bool(found_in("images.ocr", "is_available")())


def no_reader(name: str) -> str:
    """Return the reason why a file of this name is not read."""
    suffix = suffix_of(name)
    advice = f"; {ADVICE[suffix]}" if suffix in ADVICE else ""
    return f"no reader for {suffix or 'extensionless'} files{advice}"


def extract(source: Source) -> Extraction:
    """Return what the reader finds. Raises UnreadableFile, or SkippedFile where there is no text."""
    refuse_empty(source)
    if suffix_of(source.name) not in READERS:
        raise UnreadableFile(no_reader(source.name))
    with reasons():
        suffix = true_suffix(source, suffix_of(source.name))
        extraction = READERS.get(suffix, READERS[suffix_of(source.name)])(source)
    if not extraction.text.strip():
        raise SkippedFile("no text in it")
    return storable(extraction)


def members(source: Source) -> Iterator[Member]:
    """Yield the files inside a file. Raises UnreadableFile where it cannot be opened, or not to its end."""
    refuse_empty(source)
    with reasons():
        yield from OPENERS[suffix_of(source.name)](source)


def refuse_empty(source: Source) -> None:
    """Raise SkippedFile where a file holds nothing."""
    if not source.data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise SkippedFile("the file is empty")


@contextmanager
def reasons() -> Iterator[None]:
    """Turn what a reader's library throws into a reason. This is the one place where that is done."""
    try:
        yield
    except UnreadableFile:
        raise
    except MemoryError as error:
        raise UnreadableFile("it needs more memory than there is") from error
    except RecursionError as error:
        raise UnreadableFile("damaged: it is nested too deeply") from error
    except Exception as error:
        cause = str(error).strip().split("\n")[0][:200] or type(error).__name__
        raise UnreadableFile(f"damaged, or not what its name says: {cause}") from error

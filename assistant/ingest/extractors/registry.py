"""Registry of file formats: choose the reader for a file by suffix and content, and run it.

A new format is one function `(Source) -> Extraction` and one line in READERS. A format that contains other files has a function
`(Source) -> Iterator[Member]` in OPENERS as well or instead. Both import heavy libraries inside the function that needs them and
raise UnreadableFile or SkippedFile with the reason if they cannot read the file.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

from assistant.datatypes import Extraction
from assistant.errors import SkippedFile, UnreadableFile
from assistant.ingest.extractors.builder import LazyFunction, Member, Opener, Reader, Source, import_function, storable
from assistant.ingest.extractors.legacy.ole import legacy_suffix
from assistant.ingest.extractors.zip_package import OLD_CONTAINER

EXTRACTOR_VERSION = 6
OPEN_DOCUMENT_SUFFIXES = ".odt .ott .fodt .odp .otp .fodp .odg .fodg"
IMAGE_SUFFIXES = ".png .jpg .jpeg .tif .tiff .webp .bmp .gif"
ARCHIVE_SUFFIXES = ".zip .tar .gz .tgz .bz2 .tbz .tbz2 .xz .txz"
CODE_SUFFIXES = (
    ".yaml .yml .toml .ini .cfg .py .js .ts .jsx .tsx .java .c .h .cpp .hpp .cc .cs .go .rs .rb .php "
    ".swift .kt .scala .sh .bash .ps1 .sql .r .jl .lua .pl .m .tex .org .css .vue"
)
READERS: dict[str, Reader] = {
    ".pdf": LazyFunction("pdf.pdf", "read_pdf"),
    **dict.fromkeys(IMAGE_SUFFIXES.split(), LazyFunction("images", "read_image")),
    # office
    **dict.fromkeys((".docx", ".docm", ".dotx", ".dotm"), LazyFunction("office.docx", "read_docx")),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx"), LazyFunction("office.pptx", "read_slides")),
    **dict.fromkeys((".xlsx", ".xlsm", ".xltx", ".xlsb", ".xls"), LazyFunction("office.xlsx", "read_sheets")),
    **dict.fromkeys(OPEN_DOCUMENT_SUFFIXES.split(), LazyFunction("office.odf", "read_opendocument")),
    **dict.fromkeys((".ods", ".ots", ".fods"), LazyFunction("office.xlsx", "read_opendocument_sheets")),
    # legacy
    ".rtf": LazyFunction("legacy.rtf", "read_rtf"),
    **dict.fromkeys((".doc", ".dot"), LazyFunction("legacy.doc", "read_doc")),
    **dict.fromkeys((".ppt", ".pps"), LazyFunction("legacy.ppt", "read_ppt")),
    ".one": LazyFunction("legacy.onenote", "read_one"),
    # web, books, mail
    **dict.fromkeys((".html", ".htm", ".xhtml"), LazyFunction("web.html", "read_html")),
    **dict.fromkeys((".mhtml", ".mht"), LazyFunction("email.message", "read_mhtml")),
    ".epub": LazyFunction("web.epub", "read_epub"),
    ".eml": LazyFunction("email.message", "read_mail"),
    ".emlx": LazyFunction("email.message", "read_emlx"),
    ".mbox": LazyFunction("email.message", "read_mbox"),
    ".msg": LazyFunction("email.outlook_msg", "read_msg"),
    **dict.fromkeys((".ics", ".vcf"), LazyFunction("text.calendar", "read_content_lines")),
    # data
    **dict.fromkeys((".csv", ".tsv"), LazyFunction("text.plain", "read_csv")),
    ".parquet": LazyFunction("parquet", "read_parquet"),
    ".json": LazyFunction("text.json", "read_json"),
    **dict.fromkeys((".jsonl", ".ndjson"), LazyFunction("text.json", "read_json_lines")),
    ".boxnote": LazyFunction("text.json", "read_note"),
    ".ipynb": LazyFunction("text.json", "read_notebook"),
    **dict.fromkeys((".xml", ".nxml", ".rss", ".atom", ".fb2"), LazyFunction("web.xml", "read_xml")),
    **dict.fromkeys((".srt", ".vtt"), LazyFunction("text.subtitles", "read_subtitles")),
    # text
    **dict.fromkeys((".txt", ".text", ".log"), LazyFunction("text.plain", "read_plain")),
    **dict.fromkeys((".md", ".markdown"), LazyFunction("text.plain", "read_markdown")),
    ".rst": LazyFunction("text.plain", "read_rst"),
    **dict.fromkeys(CODE_SUFFIXES.split(), LazyFunction("text.plain", "read_code")),
}
OPENERS: dict[str, Opener] = {
    **dict.fromkeys(ARCHIVE_SUFFIXES.split(), LazyFunction("archive", "open_archive")),
    ".pdf": LazyFunction("pdf.pdf", "open_pdf"),
    ".eml": LazyFunction("email.message", "open_mail"),
    ".emlx": LazyFunction("email.message", "open_emlx"),
    ".mbox": LazyFunction("email.message", "open_mbox"),
    ".msg": LazyFunction("email.outlook_msg", "open_msg"),
}
ADVICE = {
    **dict.fromkeys((".pages", ".numbers", ".key"), "export it as PDF, Word or Excel"),
    **dict.fromkeys((".heic", ".heif"), "save it as JPEG"),
    **dict.fromkeys((".7z", ".rar"), "unpack it"),
}
"""Advice for common formats without a reader."""
PLAIN_NAMES = frozenset({"readme", "license", "licence", "copying", "notice", "authors", "changelog", "todo"})
SNIFFED = frozenset((
    ".pdf .doc .docx .docm .dotx .dotm .rtf .odt .ott .ppt .pptx .pptm .ppsx .odp .otp .xls .xlsx .xlsm .xltx .xlsb .ods .ots "
    ".epub .msg"
).split())
"""Suffixes of files whose content is checked: names can be wrong. A text suffix is always trusted."""
PDF_HEAD_BYTES = 1024  # the PDF header may stand anywhere in these
PACKAGE_ENTRIES = {
    "word/document.xml": ".docx", "ppt/presentation.xml": ".pptx", "xl/workbook.xml": ".xlsx", "xl/workbook.bin": ".xlsb",
    "META-INF/container.xml": ".epub",
}  # fmt: skip
OPEN_DOCUMENT_KINDS = {b"text": ".odt", b"spreadsheet": ".ods", b"presentation": ".odp"}


def extract(source: Source) -> Extraction:
    """Read a file with the reader for its format. Raises UnreadableFile, or SkippedFile if it holds no text."""
    _refuse_empty(source)
    suffix = suffix_of(source.name)
    if suffix not in READERS:
        raise UnreadableFile(no_reader_reason(source.name))
    with _convert_errors():
        found = _sniff(source.data) if suffix in SNIFFED else ""
        extraction = READERS.get(found, READERS[suffix])(source)
    if not extraction.text.strip():
        raise SkippedFile("no text in it")
    return storable(extraction)


def members(source: Source) -> Iterator[Member]:
    """Yield the files inside a file. Raises UnreadableFile, possibly after some members, if it cannot be opened to its end."""
    _refuse_empty(source)
    with _convert_errors():
        yield from OPENERS[suffix_of(source.name)](source)


def has_reader(name: str) -> bool:
    """Return True if files of this name can be read or opened."""
    return suffix_of(name) in READERS or is_container(name)


def known_types() -> tuple[str, ...]:
    """Return the suffixes of all files that can be read or opened, without their dots: documents first, program text last."""
    code = CODE_SUFFIXES.split()
    first = [suffix for suffix in (*READERS, *OPENERS) if suffix not in code]
    return tuple(suffix.removeprefix(".") for suffix in dict.fromkeys([*first, *code]))


def is_container(name: str) -> bool:
    """Return True if files of this name can contain other files."""
    return suffix_of(name) in OPENERS


def is_ocr_available() -> bool:
    """Return True if the packages for OCR are installed."""
    return bool(import_function("images", "is_available")())


def no_reader_reason(name: str) -> str:
    """Return the reason for leaving out a file without a reader."""
    suffix = suffix_of(name)
    advice = f"; {ADVICE[suffix]}" if suffix in ADVICE else ""
    return f"no reader for {suffix or 'extensionless'} files{advice}"


def suffix_of(name: str) -> str:
    """Return the suffix that selects the reader for a file name."""
    suffix = PurePath(name).suffix.lower()
    return ".txt" if not suffix and name.lower() in PLAIN_NAMES else suffix


def _sniff(data: bytes) -> str:
    """Return the suffix for a file's content, or an empty string if it is not known."""
    if b"%PDF-" in data[:PDF_HEAD_BYTES]:
        return ".pdf"
    if data.startswith(b"{\\rtf"):
        return ".rtf"
    if data.startswith(OLD_CONTAINER):
        return legacy_suffix(data)
    return _sniff_zip(data) if data.startswith(b"PK\x03\x04") else ""


def _sniff_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and "content.xml" in names:
                with archive.open("mimetype") as file:
                    kind = file.read(200).rpartition(b".")[2]
                return next((suffix for word, suffix in OPEN_DOCUMENT_KINDS.items() if kind.startswith(word)), "")
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError):
        return ""
    return next((suffix for name, suffix in PACKAGE_ENTRIES.items() if name in names), "")


def _refuse_empty(source: Source) -> None:
    """Raise SkippedFile if a file is empty or holds only white space and null bytes."""
    if not source.data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise SkippedFile("the file is empty")


@contextmanager
def _convert_errors() -> Iterator[None]:
    """Convert every exception of a reader or its library to UnreadableFile."""
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

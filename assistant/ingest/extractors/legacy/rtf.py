r"""Read Rich Text Format (RTF Specification 1.9.1): paragraphs, tables, notes, text boxes, headings by outline level or style.

The tokens of the file drive a small state machine: a group has formatting that its end restores (`GroupState`), and its text
goes to a destination: the document, a list label, the title, the font or style table, or nowhere. Nesting is limited to
`DEEPEST` groups. Headers, footers, pictures and fields' instructions are not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import ExtractionBuilder, Source
from assistant.ingest.extractors.legacy.block_writer import BlockAssembler, join_surrogates, write_blocks
from assistant.ingest.extractors.legacy.ole import DOUBLE_BYTE, codec_of
from assistant.ingest.extractors.office.docx import HEADING_NAME
from assistant.ingest.extractors.symbol_fonts import decode_symbols, show_character

DEEPEST = 1000
STEP = 500_000
LONGEST_NAME = 500
SIGNATURE = b"{\\rtf"
NO_RTF = "damaged: it is cut off or no Rich Text document"
BODY_LEVEL = 9  # \outlinelevel of running text

TEXT, LABEL, NOWHERE, INFO, TITLE, FONTS, STYLES = "text", "label", "nowhere", "info", "title", "fonttbl", "stylesheet"
# destinations that begin without \* and hold no running text; those with \* are skipped unless named below
UNSEEN = (
    "atnauthor atnid bkmkend bkmkstart colortbl datafield filetbl fldinst footer footerf footerl footerr "
    "formfield ftncn ftnsep ftnsepc aftncn aftnsep aftnsepc generator header headerf headerl headerr listname listtable "
    "listoverridetable leveltext levelnumbers mmathPict nonesttables nonshppict objalias objclass objdata objname objsect "
    "pict pntxta pntxtb private pgptbl revtbl rsidtbl rxe shprslt sp tc tcn template txe upr userprops xe falt panose"
)
SEEN_THOUGH_STARRED = frozenset("annotation do moMath moMathPara nesttableprops shpinst shpgrp".split())
TABLES = frozenset({INFO, FONTS, STYLES})
ASIDES = frozenset({"footnote", "shptxt", "dptxbxtext", "annotation"})
LABELS = frozenset({"listtext", "pntext"})
DESTINATIONS = frozenset(UNSEEN.split()) | TABLES | ASIDES | LABELS
CHARACTERS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "softline": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ", "nestcell": " ",
    "nestrow": "\n", "zwj": "\u200d", "zwnj": "\u200c", "page": "\n", "column": "\n",
}  # fmt: skip
SYMBOLS = {"~": "\u00a0", "_": "-"}
CODE_PAGES = {"mac": 10000, "pc": 437, "pca": 850}

TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})?[ ]?"  # a control word and the one space that ends it
    rb"|\\'([0-9a-fA-F]{2})"
    rb"|\\([^a-zA-Z'])"
    rb"|([{}])"
    rb"|[\r\n\0]+"
    rb"|([^\\{}\r\n\0]+)"
    rb"|\\",  # a lone backslash, as at the end of a truncated file
    re.S,
)
CHARSETS = {
    0: "cp1252", 77: "mac_roman", 78: "cp932", 79: "cp949", 80: "gb18030", 81: "big5hkscs", 128: "cp932", 129: "cp949",
    130: "johab", 134: "gb18030", 136: "big5hkscs", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255",
    178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
SYMBOL_CHARSET = 2
HIGH_RUN = re.compile(rb"[\x80-\xff]+")


def is_rtf(data: bytes) -> bool:
    """Return whether a file is RTF, whatever its name."""
    return data[:1024].lstrip(b"\xef\xbb\xbf\0 \t\r\n").startswith(SIGNATURE)


def read_rtf(source: Source) -> Extraction:
    """Read a Rich Text document."""
    if not is_rtf(source.data):
        raise UnreadableFile(NO_RTF)
    parser = _RtfParser()
    for number, token in enumerate(tokenize(source.data)):
        if number % STEP == STEP - 1:
            source.on_step(f"word {number + 1}")
        parser.take(token)
        if parser.is_over:
            break
    return parser.finish()


class _RtfParser:
    """Keeps the stack of open groups and the bytes not decoded yet, and hands text and control words to the document."""

    def __init__(self) -> None:
        self.document = RtfDocument()
        self.outer: list[GroupState] = []
        self.bytes = bytearray()  # adjacent bytes: a character may take two
        self.to_skip = 0
        self.is_starred = self.is_over = False

    def take(self, token: re.Match[bytes]) -> None:
        """Process the next token."""
        word, number, code, symbol, brace, text = token.groups()
        if text or code:
            self._take_bytes(text or bytes.fromhex(code.decode("ascii")))
        elif word:
            self._flush()
            self._take_word(word.decode("ascii"), int(number) if number else None)
        elif symbol:
            self._take_symbol(symbol.decode("latin-1"))
        elif brace == b"{":
            self._open()
        elif brace:
            self._close()

    def finish(self) -> Extraction:
        """Close what is open and return the document. Raises UnreadableFile if it is truncated before any text."""
        notes = () if self.is_over else ("it is cut off: its end is missing",)
        while self.outer:
            self._close()
        self._flush()
        writing = ExtractionBuilder()
        write_blocks(self.document.blocks.close(), writing)
        if notes and not writing.length:
            raise UnreadableFile(NO_RTF)
        return writing.finish(join_surrogates(self.document.title), notes)

    def _open(self) -> None:
        self._flush()
        if len(self.outer) >= DEEPEST:
            raise UnreadableFile("damaged: it is nested too deeply")
        self.outer.append(self.document.state)
        self.document.state = replace(self.document.state, is_aside=False)
        self.to_skip, self.is_starred = 0, False

    def _close(self) -> None:
        self._flush()
        if self.outer:
            self.document.leave(self.outer.pop())
        self.to_skip, self.is_over = 0, not self.outer

    def _take_bytes(self, data: bytes) -> None:
        if self.document.state.destination != NOWHERE:
            skipped = min(self.to_skip, len(data))
            self.to_skip -= skipped
            self.bytes += data[skipped:]

    def _take_symbol(self, name: str) -> None:
        if name in "\\{}":
            self._take_bytes(name.encode("ascii"))
            return
        self._flush()
        if name == "*":
            self.is_starred = True
        elif name in "\r\n":
            self.document.end_paragraph()
        elif name in SYMBOLS:
            self._take_character(SYMBOLS[name])

    def _take_word(self, name: str, number: int | None) -> None:
        is_starred, self.is_starred = self.is_starred, False
        state = self.document.state
        if name == "ud" and len(self.outer) > 1:  # the Unicode form of the text in \upr
            state.destination = self.outer[-2].destination
        elif state.destination == NOWHERE:
            return
        elif (name in DESTINATIONS or (is_starred and name not in SEEN_THOUGH_STARRED)  # an optional one (\*)
              or (name == TITLE and state.destination == INFO)):
            self.document.enter(name)
        elif name in CHARACTERS:
            self._take_character(CHARACTERS[name])
        elif name == "u":
            self._take_unicode(number or 0)
        else:
            self.document.apply(name, number)

    def _take_character(self, text: str) -> None:
        if self.to_skip:
            self.to_skip -= 1
        else:
            self.document.write(text)

    def _take_unicode(self, number: int) -> None:
        r"""Write the character of \u; its replacement in other programs follows and is skipped."""
        code = number & 0xFFFF if number < 0x10000 else min(number, 0x10FFFF)
        if code:
            self.document.write(show_character(code, self.document.font().name))
        self.to_skip = self.document.state.replacements

    def _flush(self) -> None:
        if self.bytes:
            data, self.bytes = bytes(self.bytes), bytearray()
            self.document.write_bytes(data)


@dataclass(slots=True)
class GroupState:
    r"""The formatting of the current group. `replacements`: how many characters follow a \u in its place (\uc)."""

    destination: str = TEXT
    font: int = -1
    replacements: int = 1
    is_hidden: bool = False
    is_deleted: bool = False
    style: int = -1
    outline: int = BODY_LEVEL
    in_table: bool = False
    defines: int = -1  # the font or style whose table entry this is
    is_aside: bool = False  # a note or text box begins in this very group

    def reset_characters(self) -> None:
        """Reset the character properties."""
        self.font, self.is_hidden, self.is_deleted = -1, False, False

    def reset_paragraph(self) -> None:
        """Reset the paragraph properties."""
        self.style, self.outline, self.in_table = -1, BODY_LEVEL, False


@dataclass(slots=True)
class RtfStyle:
    """A paragraph style."""

    name: str = ""
    outline: int = BODY_LEVEL

    @property
    def level(self) -> int:
        """The heading level, 0 for running text."""
        name = self.name.strip(" ;")
        named = HEADING_NAME.match(name)
        if named:
            return int(named[1])
        return self.outline + 1 if self.outline < BODY_LEVEL else int(name.lower() == "title")


class RtfDocument:
    """The document as it is read: state of the open group, font and style tables, and the assemblers of text and asides."""

    def __init__(self) -> None:
        self.state = GroupState()
        self.fonts: dict[int, Font] = {}
        self.styles: dict[int, RtfStyle] = {}
        self.encoding, self.default_font, self.title = "cp1252", 0, ""
        self.assemblers = [BlockAssembler()]

    @property
    def blocks(self) -> BlockAssembler:
        """The assembler of the text, note or text box that is being read."""
        return self.assemblers[-1]

    def enter(self, name: str) -> None:
        """Begin a destination; an unknown one is skipped."""
        if name in ASIDES and self.state.destination == TEXT:
            self.assemblers.append(BlockAssembler())
            self.state.is_aside = True
            self.state.reset_paragraph()
        elif name in LABELS and self.state.destination == TEXT:
            self.state.destination = TEXT if self.state.in_table else LABEL
        else:
            self.state.destination = name if name in TABLES or name == TITLE else NOWHERE

    def leave(self, outer: GroupState) -> None:
        """End a group; a note or text box that began in it follows the paragraph that it belongs to."""
        if self.state.is_aside:
            blocks = self.assemblers.pop().close()
            self.blocks.asides += blocks
        self.state = outer

    def write_bytes(self, data: bytes) -> None:
        """Write a run of bytes in the encoding of its font."""
        is_text = self.state.destination in (TEXT, LABEL)
        self.write(self.font().decode(data, self.encoding) if is_text else data.decode(self.encoding, "replace"))

    def write(self, text: str) -> None:
        """Write text to the current destination."""
        destination = self.state.destination
        if destination == TEXT and not (self.state.is_hidden or self.state.is_deleted):
            self.blocks.pieces.append(text)
        elif destination == LABEL:
            self.blocks.label = _append(self.blocks.label, text)
        elif destination == TITLE:
            self.title = _append(self.title, text)
        elif destination == FONTS and self.state.defines in self.fonts:
            font = self.fonts[self.state.defines]
            font.name = _append(font.name, text)
        elif destination == STYLES:
            style = self._defined_style()
            style.name = _append(style.name, text)

    def font(self) -> Font:
        """Return the font of the current text."""
        return self.fonts.get(self.state.font if self.state.font >= 0 else self.default_font, Font())

    def end_paragraph(self) -> None:
        """End a paragraph, a heading if its outline level or style says so."""
        outline, style = self.state.outline, self.styles.get(self.state.style, RtfStyle())
        self.blocks.end_paragraph(outline + 1 if outline < BODY_LEVEL else style.level, self.state.in_table)

    def apply(self, name: str, number: int | None) -> None:
        """Apply a control word that changes the state of the group or the document, or ends a paragraph, cell or row."""
        if name in TOGGLES:
            setattr(self.state, TOGGLES[name], number != 0)
        elif name in ACTIONS:
            ACTIONS[name](self)
        elif name in ("ansicpg", *CODE_PAGES):
            self.encoding = codec_of(CODE_PAGES.get(name) or number or 1252)
        elif name == "deff":
            self.default_font = number or 0
        elif name == "uc":
            self.state.replacements = 1 if number is None else max(0, number)
        elif name in ("f", "fcharset", "cpg"):
            self._set_font(name, number or 0)
        elif name in ("s", "outlinelevel"):
            self._set_style(name, number or 0)

    def _set_font(self, name: str, number: int) -> None:
        r"""Apply \f, \fcharset or \cpg to the entry of the font table that is being defined, or take a font for the text."""
        if self.state.destination != FONTS:
            self.state.font = number if name == "f" else self.state.font
        elif name == "f":
            self.state.defines = number
            self.fonts[number] = Font()
        elif name == "fcharset":
            self.fonts.setdefault(self.state.defines, Font()).charset = number
        elif number:
            self.fonts.setdefault(self.state.defines, Font()).code_page = codec_of(number)

    def _set_style(self, name: str, number: int) -> None:
        r"""Apply \s or \outlinelevel to the entry of the style sheet that is being defined, or to the paragraph."""
        is_definition = self.state.destination == STYLES
        if name == "s":
            setattr(self.state, "defines" if is_definition else "style", number)
        else:
            (self._defined_style() if is_definition else self.state).outline = min(max(0, number), BODY_LEVEL)

    def _defined_style(self) -> RtfStyle:
        return self.styles.setdefault(max(0, self.state.defines), RtfStyle())


def _append(name: str, text: str) -> str:
    return (name + text)[:LONGEST_NAME]


TOGGLES = {"v": "is_hidden", "deleted": "is_deleted", "intbl": "in_table"}
ACTIONS: dict[str, Callable[[RtfDocument], None]] = {
    "par": RtfDocument.end_paragraph, "sect": RtfDocument.end_paragraph, "cell": lambda document: document.blocks.end_cell(),
    "row": lambda document: document.blocks.end_row(), "pard": lambda document: document.state.reset_paragraph(),
    "plain": lambda document: document.state.reset_characters(),
}  # fmt: skip


def tokenize(data: bytes) -> Iterator[re.Match[bytes]]:
    r"""Yield the tokens of a file as matches of TOKEN; binary data (\bin) is skipped."""
    at = 0
    while at < len(data):
        found = TOKEN.match(data, at)
        assert found  # every byte begins one of the alternatives
        at = found.end()
        if found["word"] == b"bin":
            at += max(0, int(found["number"] or 0))
        else:
            yield found


@dataclass(slots=True)
class Font:
    r"""An entry of the font table: its \fcharset, the codec of its \cpg if it has one, and its name."""

    charset: int = 1  # DEFAULT_CHARSET: that of the document
    code_page: str = ""
    name: str = ""

    def decode(self, data: bytes, document: str) -> str:
        """Decode bytes in this font; `document` is the encoding of the document."""
        if self.charset == SYMBOL_CHARSET:
            return decode_symbols(data.decode("latin-1"), self.name)
        encoding = self.code_page or CHARSETS.get(self.charset, document)
        # East Asian programs write their own encoding into fonts with ANSI_CHARSET
        if self.charset == 0 and document in DOUBLE_BYTE and _is_double_byte(data, document):
            encoding = document
        return data.decode(encoding, "replace")


def _is_double_byte(data: bytes, encoding: str) -> bool:
    runs = HIGH_RUN.findall(data)
    try:
        return bool(runs) and all(len(run) % 2 == 0 for run in runs) and bool(data.decode(encoding))
    except UnicodeDecodeError:
        return False

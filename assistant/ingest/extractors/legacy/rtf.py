r"""Read Rich Text Format (RTF Specification 1.9.1): paragraphs, tables, notes, text boxes, headings by outline level or style.

The tokens of the file drive a small state machine: a group has formatting that its end restores (`GroupState`), and its text
goes to a destination: the document, a list label, the title, the font or style table, or nowhere. Nesting is limited to
`DEEPEST` groups. Headers, footers, pictures and fields' instructions are not read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import ExtractionBuilder
from assistant.ingest.extractors.legacy.block_writer import BlockAssembler, join_surrogates, write_blocks
from assistant.ingest.extractors.legacy.ole import codec_of
from assistant.ingest.extractors.legacy.rtf_tokens import Font, RtfToken, TokenKind, decode_symbols, tokenize
from assistant.ingest.extractors.office.docx import HEADING_NAME
from assistant.ingest.extractors.source import Source

DEEPEST = 1000
STEP = 500_000
LONGEST_NAME = 500
SIGNATURE = b"{\\rtf"
PRIVATE = range(0xF020, 0xF100)  # private use characters that stand for letters of symbol fonts
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

    def take(self, token: RtfToken) -> None:
        """Process the next token."""
        if token.kind in (TokenKind.TEXT, TokenKind.BYTE):
            self._take_bytes(token.data)
        elif token.kind is TokenKind.WORD:
            self._flush()
            self._take_word(token.name, token.number)
        elif token.kind is TokenKind.SYMBOL:
            self._take_symbol(token.name)
        elif token.kind is TokenKind.OPEN:
            self._open()
        else:
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
            ACTIONS["par"](self.document, None)
        elif name in SYMBOLS:
            self._take_character(SYMBOLS[name])

    def _take_word(self, name: str, number: int | None) -> None:
        is_starred, self.is_starred = self.is_starred, False
        state = self.document.state
        if name == "ud" and len(self.outer) > 1:  # the Unicode form of the text in \upr
            state.destination = self.outer[-2].destination
        elif state.destination == NOWHERE:
            return
        elif self._enters(name, is_starred):
            self.document.enter(name)
        elif name in CHARACTERS:
            self._take_character(CHARACTERS[name])
        elif name == "u":
            self._take_unicode(number or 0)
        elif name in TOGGLES:
            setattr(state, TOGGLES[name], number != 0)
        elif name in ACTIONS:
            ACTIONS[name](self.document, number)

    def _enters(self, name: str, is_starred: bool) -> bool:
        r"""Return whether a word begins a destination: a known one, an optional one (\*), or the title."""
        is_title = name == TITLE and self.document.state.destination == INFO
        return is_title or name in DESTINATIONS or (is_starred and name not in SEEN_THOUGH_STARRED)

    def _take_character(self, text: str) -> None:
        if self.to_skip:
            self.to_skip -= 1
        else:
            self.document.write(text)

    def _take_unicode(self, number: int) -> None:
        r"""Write the character of \u; its replacement in other programs follows and is skipped."""
        code = number & 0xFFFF if number < 0x10000 else min(number, 0x10FFFF)
        if code:
            is_symbol = code in PRIVATE
            self.document.write(decode_symbols(chr(code - 0xF000), self.document.font().name) if is_symbol else chr(code))
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

    def reset_paragraph(self) -> None:
        """Reset the paragraph properties."""
        self.style, self.outline, self.in_table = -1, BODY_LEVEL, False

    def reset_characters(self) -> None:
        """Reset the character properties."""
        self.font, self.is_hidden, self.is_deleted = -1, False, False


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

    def choose_font(self, number: int) -> None:
        r"""Apply \f: begin an entry of the font table, or take a font for the text."""
        if self.state.destination == FONTS:
            self.state.defines = number
            self.fonts[number] = Font()
        else:
            self.state.font = number

    def choose_style(self, number: int) -> None:
        r"""Apply \s: begin an entry of the style sheet, or take a style for the paragraph."""
        if self.state.destination == STYLES:
            self.state.defines = number
        else:
            self.state.style = number

    def set_outline(self, number: int) -> None:
        r"""Apply \outlinelevel to the style that is being defined, or to the paragraph."""
        level = min(max(0, number), BODY_LEVEL)
        if self.state.destination == STYLES:
            self._defined_style().outline = level
        else:
            self.state.outline = level

    def set_charset(self, number: int) -> None:
        r"""Apply \fcharset to the font that is being defined."""
        if self.state.destination == FONTS:
            self.fonts.setdefault(self.state.defines, Font()).charset = number

    def set_code_page(self, number: int) -> None:
        r"""Apply \cpg to the font that is being defined."""
        if self.state.destination == FONTS and number:
            self.fonts.setdefault(self.state.defines, Font()).code_page = codec_of(number)

    def set_encoding(self, code_page: int) -> None:
        r"""Apply \ansicpg, \mac, \pc or \pca."""
        self.encoding = codec_of(code_page)

    def set_default_font(self, number: int) -> None:
        r"""Apply \deff."""
        self.default_font = number

    def set_replacements(self, count: int) -> None:
        r"""Apply \uc."""
        self.state.replacements = max(0, count)

    def _defined_style(self) -> RtfStyle:
        return self.styles.setdefault(max(0, self.state.defines), RtfStyle())


def _append(name: str, text: str) -> str:
    return (name + text)[:LONGEST_NAME]


TOGGLES = {"v": "is_hidden", "deleted": "is_deleted", "intbl": "in_table"}
ACTIONS: dict[str, Callable[[RtfDocument, int | None], None]] = {
    "par": lambda document, _: document.end_paragraph(),
    "sect": lambda document, _: document.end_paragraph(),
    "cell": lambda document, _: document.blocks.end_cell(),
    "row": lambda document, _: document.blocks.end_row(),
    "pard": lambda document, _: document.state.reset_paragraph(),
    "plain": lambda document, _: document.state.reset_characters(),
    "f": lambda document, number: document.choose_font(number or 0),
    "s": lambda document, number: document.choose_style(number or 0),
    "outlinelevel": lambda document, number: document.set_outline(number or 0),
    "fcharset": lambda document, number: document.set_charset(number or 0),
    "cpg": lambda document, number: document.set_code_page(number or 0),
    "ansicpg": lambda document, number: document.set_encoding(number or 1252),
    "mac": lambda document, _: document.set_encoding(10000),
    "pc": lambda document, _: document.set_encoding(437),
    "pca": lambda document, _: document.set_encoding(850),
    "deff": lambda document, number: document.set_default_font(number or 0),
    "uc": lambda document, number: document.set_replacements(1 if number is None else number),
}

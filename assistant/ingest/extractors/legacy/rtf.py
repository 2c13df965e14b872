"""Rich Text (RTF) in; paragraphs, tables, notes and text boxes in their order, headings by outline level or style out.

Written by the Rich Text Format Specification 1.9.1 of Microsoft.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Writing
from assistant.ingest.extractors.legacy.block_writer import Flow, paired, write_blocks
from assistant.ingest.extractors.legacy.ole import codec_of
from assistant.ingest.extractors.legacy.rtf_tokens import Font, Kind, Token, symbols, tokens
from assistant.ingest.extractors.office.docx import HEADING_NAME
from assistant.ingest.extractors.source import Source

DEEPEST = 1000
STEP = 500_000
SIGNATURE = b"{\\rtf"
PRIVATE = range(0xF020, 0xF100)  # where Unicode text keeps the letters of symbol fonts
NO_RTF = "damaged: it is cut off or no Rich Text document"


def is_rtf(data: bytes) -> bool:
    """Say whether a file is Rich Text, whatever it is called."""
    return data[:1024].lstrip(b"\xef\xbb\xbf\0 \t\r\n").startswith(SIGNATURE)


def read_rtf(source: Source) -> Extraction:
    """Read a Rich Text document."""
    if not is_rtf(source.data):
        raise UnreadableFile(NO_RTF)
    reading = _Reading()
    for number, token in enumerate(tokens(source.data)):
        if number % STEP == STEP - 1:
            source.on_step(f"word {number + 1}")
        reading.take(token)
        if reading.is_over:
            break
    return reading.finish()


class _Reading:
    """What was read so far: the groups that are open, and a run of bytes that is not decoded yet."""

    def __init__(self) -> None:
        self.target = Target()
        self.outer: list[State] = []
        self.bytes = bytearray()  # of one run: a character may have two
        self.to_skip = 0
        self.is_starred = self.is_over = False

    def take(self, token: Token) -> None:
        """Take the next token."""
        if token.kind in (Kind.TEXT, Kind.BYTE):
            self._take_bytes(token.data)
        elif token.kind is Kind.WORD:
            self._flush()
            self._take_word(token.name, token.number)
        elif token.kind is Kind.SYMBOL:
            self._take_symbol(token.name)
        elif token.kind is Kind.OPEN:
            self._open()
        else:
            self._close()

    def finish(self) -> Extraction:
        """Return what was read."""
        notes = () if self.is_over else ("it is cut off: its end is missing",)
        while self.outer:
            self._close()
        self._flush()
        writing = Writing()
        write_blocks(self.target.flow.close(), writing)
        if notes and not writing.length:
            raise UnreadableFile(NO_RTF)
        return writing.finish(paired(self.target.title), notes)

    def _open(self) -> None:
        self._flush()
        if len(self.outer) >= DEEPEST:
            raise UnreadableFile("damaged: it is nested too deeply")
        self.outer.append(self.target.state)
        self.target.state = self.target.state.inner()
        self.to_skip, self.is_starred = 0, False

    def _close(self) -> None:
        self._flush()
        if self.outer:
            self.target.leave(self.outer.pop())
        self.to_skip, self.is_over = 0, not self.outer

    def _take_bytes(self, data: bytes) -> None:
        if self.target.state.destination != NOWHERE:
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
            ACTIONS["par"](self.target, None)
        elif name in SYMBOLS:
            self._take_character(SYMBOLS[name])

    def _take_word(self, name: str, number: int | None) -> None:
        is_starred, self.is_starred = self.is_starred, False
        state = self.target.state
        if name == "ud" and len(self.outer) > 1:  # the Unicode form of what \upr holds
            state.destination = self.outer[-2].destination
        elif state.destination == NOWHERE:
            return
        elif self._enters(name, is_starred):
            self.target.enter(name)
        elif name in CHARACTERS:
            self._take_character(CHARACTERS[name])
        elif name == "u":
            self._take_unicode(number or 0)
        elif name in ACTIONS:
            ACTIONS[name](self.target, number)

    def _enters(self, name: str, is_starred: bool) -> bool:
        """Say whether a word begins a destination: a known one, one that may be ignored, or the title."""
        is_title = name == TITLE and self.target.state.destination == INFO
        return is_title or name in DESTINATIONS or (is_starred and name not in SEEN_THOUGH_STARRED)

    def _take_character(self, text: str) -> None:
        if self.to_skip:
            self.to_skip -= 1
        else:
            self.target.write(text)

    def _take_unicode(self, number: int) -> None:
        """Write a character by its number; what follows stands for it in programs that do not know it, and is skipped."""
        code = number & 0xFFFF if number < 0x10000 else min(number, 0x10FFFF)
        if code:
            self.target.write(symbols(chr(code - 0xF000), self.target.font().name) if code in PRIVATE else chr(code))
        self.to_skip = self.target.state.alternates

    def _flush(self) -> None:
        if self.bytes:
            data, self.bytes = bytes(self.bytes), bytearray()
            self.target.write_bytes(data)


TEXT, LABEL, NOWHERE, INFO, TITLE, FONTS, STYLES = "text", "label", "nowhere", "info", "title", "fonttbl", "stylesheet"
# what is opened without \* and is not running text; what is opened with \* is left out unless it is named below
UNSEEN = (
    "atnauthor atnid bkmkend bkmkstart colortbl datafield filetbl fldinst footer footerf footerl footerr "
    "formfield ftncn ftnsep ftnsepc aftncn aftnsep aftnsepc generator header headerf headerl headerr listname listtable "
    "listoverridetable leveltext levelnumbers mmathPict nonesttables nonshppict objalias objclass objdata objname objsect "
    "pict pntxta pntxtb private pgptbl revtbl rsidtbl rxe shprslt sp tc tcn template txe upr userprops xe falt panose"
)
HIDDEN_DESTINATIONS = frozenset(UNSEEN.split())
SEEN_THOUGH_STARRED = frozenset("annotation do moMath moMathPara nesttableprops shpinst shpgrp".split())
OTHER_DESTINATIONS = frozenset({INFO, FONTS, STYLES})
ASIDES = frozenset({"footnote", "shptxt", "dptxbxtext", "annotation"})
LABELS = frozenset({"listtext", "pntext"})
DESTINATIONS = HIDDEN_DESTINATIONS | OTHER_DESTINATIONS | ASIDES | LABELS
CHARACTERS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "softline": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ", "nestcell": " ",
    "nestrow": "\n", "zwj": "\u200d", "zwnj": "\u200c", "page": "\n", "column": "\n",
}  # fmt: skip
SYMBOLS = {"~": "\u00a0", "_": "-"}
BODY_LEVEL = 9


@dataclass(slots=True)
class State:
    """What holds up to the end of a group. `alternates`: so many characters stand for a Unicode character behind it."""

    destination: str = TEXT
    font: int = -1
    alternates: int = 1
    is_hidden: bool = False
    is_deleted: bool = False
    style: int = -1
    outline: int = BODY_LEVEL
    in_table: bool = False
    defines: int = -1  # the font or style that its table describes here
    is_aside: bool = False  # a note or a box began in this very group

    def inner(self) -> State:
        """Return what holds in a group inside."""
        return State(
            self.destination, self.font, self.alternates, self.is_hidden, self.is_deleted, self.style, self.outline,
            self.in_table, self.defines,
        )  # fmt: skip

    def begin_paragraphs(self) -> None:
        """Forget the properties of paragraphs."""
        self.style, self.outline, self.in_table = -1, BODY_LEVEL, False


@dataclass(slots=True)
class Style:
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


LONGEST_NAME = 500


class Target:
    """Where the text of a file goes: what holds in the group that is open, the tables of fonts and styles, the flows."""

    def __init__(self) -> None:
        self.state = State()
        self.fonts: dict[int, Font] = {}
        self.styles: dict[int, Style] = {}
        self.encoding, self.default_font, self.title = "cp1252", 0, ""
        self.flows = [Flow()]

    @property
    def flow(self) -> Flow:
        """The text, note or box that is being written."""
        return self.flows[-1]

    def enter(self, name: str) -> None:
        """Begin a destination; one that is not known is left out."""
        if name in ASIDES and self.state.destination == TEXT:
            self.flows.append(Flow())
            self.state.is_aside = True
            self.state.begin_paragraphs()
        elif name in LABELS and self.state.destination == TEXT:
            self.state.destination = TEXT if self.state.in_table else LABEL
        else:
            self.state.destination = name if name in OTHER_DESTINATIONS or name == TITLE else NOWHERE

    def leave(self, outer: State) -> None:
        """End a group; a note or a box that began in it is set behind the paragraph that it hangs on."""
        if self.state.is_aside:
            blocks = self.flows.pop().close()
            self.flow.asides += blocks
        self.state = outer

    def write_bytes(self, data: bytes) -> None:
        """Write a run of bytes in the encoding of its font."""
        is_text = self.state.destination in (TEXT, LABEL)
        self.write(self.font().decode(data, self.encoding) if is_text else data.decode(self.encoding, "replace"))

    def write(self, text: str) -> None:
        """Write text to where it goes."""
        destination = self.state.destination
        if destination == TEXT and not (self.state.is_hidden or self.state.is_deleted):
            self.flow.pieces.append(text)
        elif destination == LABEL:
            self.flow.label = _longer(self.flow.label, text)
        elif destination == TITLE:
            self.title = _longer(self.title, text)
        elif destination == FONTS and self.state.defines in self.fonts:
            font = self.fonts[self.state.defines]
            font.name = _longer(font.name, text)
        elif destination == STYLES:
            style = self.style()
            style.name = _longer(style.name, text)

    def font(self) -> Font:
        """Return the font of what is written."""
        return self.fonts.get(self.state.font if self.state.font >= 0 else self.default_font, Font())

    def style(self) -> Style:
        """Return the style that is being defined."""
        return self.styles.setdefault(max(0, self.state.defines), Style())

    def level(self) -> int:
        """Return the heading level of the paragraph, 0 for running text."""
        style = self.styles.get(self.state.style, Style())
        return self.state.outline + 1 if self.state.outline < BODY_LEVEL else style.level


def _longer(name: str, text: str) -> str:
    return (name + text)[:LONGEST_NAME]


Action = Callable[[Target, int | None], None]


def _end_paragraph(target: Target, _number: int | None) -> None:
    target.flow.end_paragraph(target.level(), target.state.in_table)


def _end_cell(target: Target, _number: int | None) -> None:
    target.flow.end_cell()


def _end_row(target: Target, _number: int | None) -> None:
    target.flow.end_row()


def _begin_paragraphs(target: Target, _number: int | None) -> None:
    target.state.begin_paragraphs()


def _begin_plain(target: Target, _number: int | None) -> None:
    target.state.font, target.state.is_hidden, target.state.is_deleted = -1, False, False


def _enter_table(target: Target, number: int | None) -> None:
    target.state.in_table = number != 0


def _choose_font(target: Target, number: int | None) -> None:
    if target.state.destination == FONTS:
        target.state.defines = number or 0
        target.fonts[target.state.defines] = Font()
    else:
        target.state.font = number or 0


def _choose_style(target: Target, number: int | None) -> None:
    if target.state.destination == STYLES:
        target.state.defines = number or 0
    else:
        target.state.style = number or 0


def _set_outline(target: Target, number: int | None) -> None:
    level = min(max(0, number or 0), BODY_LEVEL)
    if target.state.destination == STYLES:
        target.style().outline = level
    else:
        target.state.outline = level


def _hide(target: Target, number: int | None) -> None:
    target.state.is_hidden = number != 0


def _delete(target: Target, number: int | None) -> None:
    target.state.is_deleted = number != 0


def _set_charset(target: Target, number: int | None) -> None:
    if target.state.destination == FONTS:
        target.fonts.setdefault(target.state.defines, Font()).charset = number or 0


def _set_code_page(target: Target, number: int | None) -> None:
    if target.state.destination == FONTS and number:
        target.fonts.setdefault(target.state.defines, Font()).code_page = codec_of(number)


def _set_encoding(target: Target, number: int | None) -> None:
    target.encoding = codec_of(number or 1252)


def _set_default_font(target: Target, number: int | None) -> None:
    target.default_font = number or 0


def _set_alternates(target: Target, number: int | None) -> None:
    target.state.alternates = max(0, 1 if number is None else number)


ACTIONS: dict[str, Action] = {
    "par": _end_paragraph,
    "sect": _end_paragraph,
    "cell": _end_cell,
    "row": _end_row,
    "pard": _begin_paragraphs,
    "plain": _begin_plain,
    "intbl": _enter_table,
    "f": _choose_font,
    "s": _choose_style,
    "outlinelevel": _set_outline,
    "v": _hide,
    "deleted": _delete,
    "fcharset": _set_charset,
    "cpg": _set_code_page,
    "ansicpg": _set_encoding,
    "mac": lambda target, _number: _set_encoding(target, 10000),
    "pc": lambda target, _number: _set_encoding(target, 437),
    "pca": lambda target, _number: _set_encoding(target, 850),
    "deff": _set_default_font,
    "uc": _set_alternates,
}

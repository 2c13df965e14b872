"""Rich Text (RTF) in; paragraphs, tables, notes and text boxes in their order, headings by outline level or style out.

Written by the Rich Text Format Specification 1.9.1 of Microsoft.
"""

from __future__ import annotations

from assistant.datatypes import Extraction
from assistant.errors import UnreadableFile
from assistant.ingest.extract.legacy.blocks import paired, write_blocks
from assistant.ingest.extract.legacy.rtf_fonts import symbols
from assistant.ingest.extract.legacy.rtf_state import (
    CHARACTERS,
    DESTINATIONS,
    INFO,
    NOWHERE,
    SEEN_THOUGH_STARRED,
    SYMBOLS,
    TITLE,
    State,
)
from assistant.ingest.extract.legacy.rtf_target import Target
from assistant.ingest.extract.legacy.rtf_tokens import Kind, Token, tokens
from assistant.ingest.extract.legacy.rtf_words import ACTIONS
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.writing import Writing

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

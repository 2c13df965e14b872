"""The bytes of a Rich Text file in; its groups, control words and runs of text out, in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

PIECE = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?"  # a control word and the one space that ends it
    rb"|\\'([0-9a-fA-F]{2})"
    rb"|\\([^a-zA-Z'])"
    rb"|([{}])"
    rb"|[\r\n\0]+"
    rb"|([^\\{}\r\n\0]+)"
    rb"|\\",  # one that begins nothing, as at the end of a file that is cut off
    re.S,
)


class Kind(Enum):
    """What a token is."""

    OPEN = auto()
    CLOSE = auto()
    WORD = auto()
    SYMBOL = auto()
    BYTE = auto()
    TEXT = auto()


class Token(NamedTuple):
    """One token: a word or symbol has a `name`, and a word may have a `number`; a byte or text has `data`."""

    kind: Kind
    name: str = ""
    number: int | None = None
    data: bytes = b""


OPEN, CLOSE = Token(Kind.OPEN), Token(Kind.CLOSE)


def tokens(data: bytes) -> Iterator[Token]:
    """Yield the tokens of a file, by the rules of the Rich Text Format Specification 1.9; binary data is left out."""
    at = 0
    while at < len(data):
        piece = PIECE.match(data, at)
        assert piece  # every byte begins one of the alternatives
        at = piece.end()
        word, number, code, symbol, brace, text = piece.groups()
        if text:
            yield Token(Kind.TEXT, data=text)
        elif word == b"bin":
            at += max(0, int(number or 0))
        elif word:
            yield Token(Kind.WORD, word.decode("ascii"), int(number) if number else None)
        elif code:
            yield Token(Kind.BYTE, data=bytes.fromhex(code.decode("ascii")))
        elif symbol:
            yield Token(Kind.SYMBOL, symbol.decode("latin-1"))
        elif brace:
            yield OPEN if brace == b"{" else CLOSE

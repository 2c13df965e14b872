"""The packed Rich Text of an Outlook message in; Rich Text out. Written by [MS-OXRTFCP] of Microsoft."""

from __future__ import annotations

import struct

from assistant.errors import UnreadableFile

PACKED, UNPACKED = b"LZFu", b"MELA"
SIZE = 4096
# What the window begins with: commands and fonts that most messages have.
BEGINNING = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans "
    b"SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def unpack_rtf(data: bytes) -> bytes:
    """Return Rich Text. It is at most nine times as long as what is packed."""
    if len(data) < 16 or data[8:12] not in (PACKED, UNPACKED):
        raise UnreadableFile("damaged: the text of the message cannot be unpacked")
    length = struct.unpack_from("<I", data, 4)[0]
    return data[16 : 16 + length] if data[8:12] == UNPACKED else _unpack(data[16:])[:length]


def _unpack(data: bytes) -> bytes:
    window, place = bytearray(BEGINNING.ljust(SIZE, b" ")), len(BEGINNING)
    found, at = bytearray(), 0
    while at < len(data):
        control, at = data[at], at + 1
        for bit in range(8):
            if control >> bit & 1:
                reference = int.from_bytes(data[at : at + 2], "big")
                start, length, at = reference >> 4, (reference & 15) + 2, at + 2
                if start == place % SIZE or at > len(data):  # the mark of the end
                    return bytes(found)
            else:
                start, length, at = -1, 1, at + 1
            for step in range(length):
                byte = data[at - 1 : at] if start < 0 else window[(start + step) % SIZE : (start + step) % SIZE + 1]
                found += byte
                window[place % SIZE : place % SIZE + 1] = byte or b" "
                place += 1
    return bytes(found)

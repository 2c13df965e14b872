"""Words that mean something in each format: put into a file, they lead a parser where damage alone rarely does."""

from __future__ import annotations


def _words(lines: str) -> tuple[bytes, ...]:
    """Return words that are parted by spaces; "␣" stands for a space, "↵" for the end of a line."""
    shown = lines.replace("␣", "\0").split(" ")
    return tuple(word.replace("\0", " ").replace("↵", "\r\n").encode() for word in shown)


XML = _words(
    "<!ENTITY␣x␣'y'> <!DOCTYPE␣html> <![CDATA[ ]]> <!-- --> <?xml␣encoding='utf-7'?> &#xD800; &#0; &nbsp; &x; <a> </a> <table> "
    '<tr> <td> <div> <p> xmlns:w=\'w\' rowspan="9" colspan="200" style="display:none" </p> </table> <sup> <math> <li> w:val="9" '
    'idx="1" r="XFD1048576" <row␣r="1048576">'
)
JSON = _words(
    '[ ] { } null 1e999 -1 "\\ud800" "\\u0000" true NaN Infinity "cells": "type":"table" "content":[ "text":{} , "parts":[ '
    "99999999999999999999"
)
OLE = (b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff", b"\0" * 16, b"\x13\x14\x15", b"\x07", b"\x0f\x00", b"__substg1.0_")
MAIL = _words(
    "=?utf-8?B? =?utf-7?Q?+2AA-?= ?= boundary= charset=utf-7 charset=hex filename*0*= filename*=utf-8''%ff base64 "
    "message/rfc822 multipart/mixed; multipart/alternative; ↵↵ ↵From␣a␣Mon␣1:00↵ \\ud800 "
    "Content-Type:␣ Content-Transfer-Encoding:␣uuencode↵ text/html"
)
RTF = _words(
    "{ } \\ \\u-1 \\u55296 \\uc99999 \\'ff \\bin9 \\bin-1 \\f99 \\fcharset134 \\cpg1361 \\ansicpg65001 \\trowd \\cell \\row "
    "\\intbl \\s-1 {\\footnote {\\*\\ud {\\upr \\outlinelevel99 \\pard \\par {\\stylesheet {\\fonttbl {\\info{\\title \\deff-9"
)
PDF = _words(
    "/Count /Kids /Parent /Outlines /First /Next /Dest /PageLabels /Nums /Length /Filter/FlateDecode /Contents endobj obj stream "
    "endstream << >> [ ] 1␣0␣R /EmbeddedFiles /Annots /MediaBox[0␣0␣1e9␣1e9] Tj ( ) BT ET Tm 1e38 /Rotate /UserUnit"
)
TIMES = _words(
    'BEGIN:VCARD END:VEVENT ;CN=" ;ENCODING=QUOTED-PRINTABLE: =↵ ;CHARSET=utf-7 --> 00:00:01,000 \\n <v␣9999:99:99.999 {\\an8}'
)
LINES = (
    *_words("# === ``` --- 1.2 第一条 title: , ; | \" ↵ ↵↵ [ ]( * def { <?xml␣encoding='hex'?> charset=utf-7"),
    b"\x1b$B",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\t",
    b"\r",
    b"+2AA-",
)

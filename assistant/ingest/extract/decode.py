"""Bytes in, text and the name of its encoding out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from assistant.errors import UnreadableFile

SAMPLE = 65536
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What a name means in practice: the superset that programs which write the name really use.
SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
}
# Running text of a language is full of its commonest characters; text in a wrong encoding is not.
KANA = frozenset("のにはをたがでてとしれさいるなもかっこくうまスンルリーラト")
COMMON = {
    "euc_jp": KANA,
    "cp932": KANA,
    "gb18030": frozenset(
        "的一是不了人在有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作"
        "里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实"
    ),
    "big5hkscs": frozenset(
        "的一是不了人在有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作"
        "裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想實"
    ),
    "cp949": frozenset("이다는의에을를가은하고지도로한기사서인나어자아시리그대해라"),
}
PLAUSIBLE_NAMES = (
    "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 koi8_r koi8_u cp866 iso8859_2 iso8859_5 iso8859_7 "
    "cp874 gb18030 big5hkscs cp932 euc_jp cp949"
)
PLAUSIBLE = PLAUSIBLE_NAMES.split()
DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?([\w.:-]+)")
CONTROLS = re.compile(r"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, byte order mark left out."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(data: bytes, suffix: str, trust_declaration: bool = False) -> Decoded:
    """Decode a text file. `trust_declaration`: it may name its encoding, as HTML and XML do."""
    decoded = _decode(data, trust_declaration)
    sample = decoded.text[:SAMPLE]
    if data.startswith(b"%PDF-") or "\0" in decoded.text or len(CONTROLS.findall(sample)) > len(sample) / 200:
        raise UnreadableFile(f"it is not text (binary content in a {suffix or 'text'} file)")
    return decoded


def _decode(data: bytes, trust_declaration: bool) -> Decoded:
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return _with_replacements(data[len(mark) :], encoding)
    sixteen = _utf16_without_mark(data[:SAMPLE])
    if sixteen:
        return _with_replacements(data, sixteen)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    if _is_mostly_utf8(data):
        return _with_replacements(data, "utf-8")
    return _with_replacements(data, _declared(data) if trust_declaration and _declared(data) else _guess(data))


def _with_replacements(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    lost = text.count("\ufffd")
    return Decoded(text, encoding, (f"{lost} characters are not valid {encoding}",) if lost else ())


def _is_mostly_utf8(data: bytes) -> bool:
    """Say whether it is UTF-8 with a little damage, such as a log that was cut inside a character."""
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) - lost > 20 * lost


def _declared(data: bytes) -> str:
    match = DECLARED.search(data[:2048])
    try:
        name = codecs.lookup(match[1].decode("ascii", "replace")).name if match else ""
    except LookupError:
        return ""
    return "" if name.startswith(("utf-16", "utf-8")) else SUPERSETS.get(name, name)


def _guess(data: bytes) -> str:
    sample = data[:SAMPLE]
    scores = {encoding: _share_of_common(sample, encoding) for encoding in COMMON}
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] > 0.1 else _guess_by_statistics(sample)


def _utf16_without_mark(sample: bytes) -> str:
    """Recognise UTF-16 by zeros at every other byte, which any text with spaces and line ends has."""
    half = max(1, len(sample) // 2)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if max(even, odd) < 0.1 or min(even, odd) > 0.02:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _share_of_common(sample: bytes, encoding: str) -> float:
    text = sample.decode(encoding, "replace")
    foreign = [character for character in text if character > "\x7f"]
    if not foreign or text.count("\ufffd") > 1 + len(foreign) / 200:
        return 0.0
    return sum(character in COMMON[encoding] for character in foreign) / len(foreign)


def _guess_by_statistics(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    whole_lines = sample[: sample.rfind(b"\n") + 1] if len(sample) == SAMPLE else sample
    best = from_bytes(whole_lines or sample, cp_isolation=PLAUSIBLE).best()
    name = codecs.lookup(best.encoding).name if best else "cp1252"
    is_same = sample.decode(name, "replace") == sample.decode("cp1252", "replace")
    return "cp1252" if is_same else SUPERSETS.get(name, name)

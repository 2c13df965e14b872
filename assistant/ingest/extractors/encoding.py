"""Decode text files: byte order marks, UTF-8, UTF-16, declared encodings, and a guess for the rest.

The guess scores the characters beyond ASCII in each candidate encoding: against the common characters of Chinese, Japanese and
Korean, and against the alphabets of the other languages that use the encoding.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import storable_text

SAMPLE = 65536  # characters or bytes that are checked
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
# The superset that programs really mean by the name of an encoding.
SUPERSETS = {
    "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949",
    "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874", "ascii": "cp1252",
}  # fmt: skip
NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})
DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?([\w.:-]+)")
CONTROLS = re.compile(r"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
JAPANESE_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\$\([DQ]|\([JI])")  # of ISO-2022-JP
GUESS_SAMPLE = 4096  # bytes of lines with characters beyond ASCII
PUNCTUATION = "“”‘’–—…«»„€£§°©®№·¿¡•"
CJK_PUNCTUATION = "，。、：；！？（）《》「」『』“”‘’—…·　"
COMMON, LEVEL_ONE, FOREIGN, IMPOSSIBLE = 1.0, 0.6, -0.5, -3.0
OLD_MAC = 0.3  # bonus of Mac encodings if lines end with a lone carriage return
LINE_END = re.compile(rb"[\r\n]+")
MIN_WIDE_SCORE = 0.45  # below it the text is not Chinese, Japanese or Korean
KANA = frozenset("のにはをたがでてとしれさいるなもかっこくうまスンルリーラトアイテムュョャキシックタドロフナマ")
HANGUL = frozenset("이다는의에을를가은하고지도로한기사서인나어자아시리그대해라")
SIMPLIFIED = frozenset(
    "的一是不了人在有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作"
    "里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实"
    "文件名称报告信息管工资合测试数据公司电话地址日期月号第章节条项目表图姓新建资料会议记录"
)
TRADITIONAL = frozenset(
    "的一是不了人在有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作"
    "裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想實"
    "文件名稱報告信息管工資合測試數據公司電話地址日期月號第章節條項目表圖姓新建資料會議記錄"
)
# By encoding: its most common characters, and the first and last code of those in daily use.
WIDE = {
    "gb18030": (SIMPLIFIED, 0xB0A1, 0xD7F9), "cp932": (KANA, 0x829F, 0x9872), "big5hkscs": (TRADITIONAL, 0xA440, 0xC67E),
    "cp949": (HANGUL, 0xB0A1, 0xC8FE), "euc_jp": (KANA, 0xA4A1, 0xCFD3),
}  # fmt: skip
WESTERN = (
    "éèàêçùâîôûëïœüÿæ", "üäößéà", "óáíéñúü", "èàòùéìî", "ãçéáóêõíâúàô", "äöåéü", "øåæéóòô", "íáðéóöúþýæ", "éëïóèöüáê", "öäõüšž",
)  # fmt: skip
CENTRAL = ("íáéěřůýžčšúťďňó", "łążęóśćńź", "éáőóöíüűú", "ăîâșțşţ", "áíýéčžšľúťôňďĺŕóä", "čšžćđ", "üäößéà")
CYRILLIC = (
    "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфёъ", "оаинтвреіслкмудпяьзгбйчхїцющєжшфґ", "аиоентрсвлкдпмзъгбуячцшйщхжюф",
    "аиоентрсвјдклпмузгбћчшжцљхњђфџ",
)  # fmt: skip
GREEK = ("αοιετσνηυρπκμλςάίόωδέγήθχφβύξώζψϊ",)
HEBREW = ("יוהלאמרתבשנעקדםחפטגכצסןזךץף",)
ARABIC = ("اليمونترةبسعدفهكقحجأىشصطخذءثضزإغئظؤآ", "اینردهمتوسبشکزگلپفقخعحجآچطصءئظذضغثژ")
THAI = ("านรอกเงมยลวดท่สต้ะปบคหีแพิั็จชใไำูุ์ขโึธณผญถฉซศฐภฟฎฏษฝฆฌ",)
# The encoding, the alphabets of its languages, and its penalty for being rare.
NARROW = (
    ("cp1252", WESTERN, 0.0), ("cp1251", CYRILLIC, 0.0), ("cp1250", CENTRAL, 0.12), ("cp1254", ("üıçöşğâî",), 0.12),
    ("cp1253", GREEK, 0.0), ("cp1255", HEBREW, 0.0), ("cp1256", ARABIC, 0.0), ("cp874", THAI, 0.0),
    ("cp1257", ("ėšįųžąčęū", "āīēšņūļžčģķ", "äõöüšž"), 0.15), ("koi8-r", CYRILLIC, 0.02), ("koi8-u", CYRILLIC[1:2], 0.03),
    ("cp866", CYRILLIC, 0.03), ("iso8859-2", CENTRAL, 0.14), ("iso8859-5", CYRILLIC, 0.04), ("iso8859-7", GREEK, 0.02),
    ("mac-roman", WESTERN, 0.15), ("mac-cyrillic", CYRILLIC, 0.15), ("cp850", WESTERN, 0.2), ("cp852", CENTRAL, 0.25),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file without byte order mark, its encoding, and notes about invalid bytes."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(data: bytes, suffix: str, trust_declaration: bool = False) -> Decoded:
    """Decode a text file. `trust_declaration`: use the encoding that the text declares, as in HTML and XML.

    Raises UnreadableFile if the content is binary.
    """
    decoded = _decode(data, trust_declaration)
    sample = decoded.text[:SAMPLE]
    if data.startswith(b"%PDF-") or "\0" in decoded.text or len(CONTROLS.findall(sample)) > len(sample) / 200:
        raise UnreadableFile(f"it is not text (binary content in a {suffix or 'text'} file)")
    return decoded


def decode_as(data: bytes, charset: str) -> str:
    """Decode text with a charset declared elsewhere; guess the encoding if the charset is unknown or does not fit."""
    name = _known(charset)
    if name:
        with suppress(UnicodeDecodeError):
            return storable_text(data.decode(name))
    decoded = _decode(data, False)
    is_better = not name or decoded.text.count("\ufffd") == 0
    return (decoded.text if is_better else storable_text(data.decode(name, "replace"))).replace("\0", "")


def decode_name(raw: bytes) -> str:
    """Decode a file name from an archive: UTF-8, a Chinese, Japanese or Korean encoding, cp866, or cp437."""
    with suppress(UnicodeDecodeError):
        return raw.decode("utf-8")
    guessed = guess_encoding(raw)
    return raw.decode(guessed if guessed in WIDE or guessed == "cp866" else "cp437", "replace")


def _decode(data: bytes, trust_declaration: bool) -> Decoded:
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return _with_replacements(data[len(mark) :], encoding)
    sixteen = _utf16_without_mark(data[:SAMPLE])
    if sixteen:
        return _with_replacements(data, sixteen)
    if JAPANESE_ESCAPE.search(data):
        with suppress(UnicodeDecodeError):
            return Decoded(data.decode("iso2022_jp_ext"), "iso2022_jp")
    with suppress(UnicodeDecodeError):
        return Decoded(data.decode("utf-8"), "utf-8")
    if _is_mostly_utf8(data):
        return _with_replacements(data, "utf-8")
    return _with_replacements(data, (_declared(data) if trust_declaration else "") or guess_encoding(data))


def _with_replacements(data: bytes, encoding: str) -> Decoded:
    text = storable_text(data.decode(encoding, "replace"))  # UTF-7 can spell lone surrogates
    lost = text.count("\ufffd")
    return Decoded(text, encoding, (f"{lost} characters are not valid {encoding}",) if lost else ())


def _is_mostly_utf8(data: bytes) -> bool:
    """Return True for UTF-8 with a few invalid bytes, such as a log that was cut inside a character."""
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) - lost > 20 * lost


def _declared(data: bytes) -> str:
    match = DECLARED.search(data[:2048])
    name = _known(match[1].decode("ascii", "replace")) if match else ""
    return "" if name.startswith(("utf-16", "utf-8", "utf-32")) else name


def _known(charset: str) -> str:
    """Return the codec for the name of an encoding, or an empty string if there is none for text."""
    try:
        name = codecs.lookup(charset).name
        b"a".decode(name, "replace")
    except (LookupError, ValueError):
        return ""
    return "" if name in NO_CHARSETS else SUPERSETS.get(name, name)


def _utf16_without_mark(sample: bytes) -> str:
    """Recognise UTF-16 by zeros at every other byte. Return the codec, or an empty string."""
    half = max(1, len(sample) // 2)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if max(even, odd) < 0.1 or min(even, odd) > 0.02:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def guess_encoding(data: bytes) -> str:
    """Guess the encoding of text that is not Unicode."""
    sample = _lines_beyond_ascii(data)
    wide = {name: _wide_score(sample, name) for name in WIDE}
    is_mac = b"\r" in data and b"\n" not in data
    narrow = {name: _narrow_score(sample, name, alphabets) - rarity for name, alphabets, rarity in NARROW}
    narrow |= {name: narrow[name] + OLD_MAC for name in narrow if is_mac and name.startswith("mac")}
    widest, narrowest = max(wide, key=wide.__getitem__), max(narrow, key=narrow.__getitem__)
    return widest if wide[widest] >= max(MIN_WIDE_SCORE, narrow[narrowest] - 0.2) else narrowest


def _lines_beyond_ascii(data: bytes) -> bytes:
    """Return lines with characters beyond ASCII, about GUESS_SAMPLE bytes."""
    found, length = [], 0
    for line in LINE_END.split(data):
        if not line.isascii():
            found.append(line[:GUESS_SAMPLE])
            length += len(found[-1])
        if length > GUESS_SAMPLE:
            break
    return b"\n".join(found)


def _wide_score(sample: bytes, encoding: str) -> float:
    common, first, last = WIDE[encoding]
    counts = Counter(character for character in sample.decode(encoding, "replace") if character > "\x7f")
    score = sum(
        count * (COMMON if character in common else _wide_weight(character, encoding, first, last))
        for character, count in counts.items()
    )
    return score / counts.total() if counts else 0.0


def _wide_weight(character: str, encoding: str, first: int, last: int) -> float:
    if character == "\ufffd":
        return IMPOSSIBLE
    code = character.encode(encoding, "replace")
    is_daily = len(code) == 2 and first <= int.from_bytes(code, "big") <= last
    return LEVEL_ONE if is_daily or character in CJK_PUNCTUATION else 0.0


def _narrow_score(sample: bytes, encoding: str, alphabets: tuple[str, ...]) -> float:
    """Score the characters beyond ASCII against the best matching alphabet; about 1 is a perfect fit."""
    text = sample.decode(encoding, "replace")
    beyond_ascii = [at for at, character in enumerate(text) if character > "\x7f"]
    penalties = sum(_context_penalty(text, at) for at in beyond_ascii)
    counts = Counter("".join(text[at] for at in beyond_ascii).lower())
    other = {letter: _other_weight(letter) for letter in counts}
    fits = max(
        sum(count * weights.get(letter, other[letter]) for letter, count in counts.items())
        for weights in map(_weights, alphabets)
    )
    return (penalties + fits) / len(beyond_ascii) if beyond_ascii else 0.0


@cache
def _weights(alphabet: str) -> dict[str, float]:
    """Return the weight of each letter. Alphabets other than Latin list their letters by frequency, most common first."""
    if min(alphabet) < "\u0250":
        return dict.fromkeys(alphabet, 1.0)
    third = len(alphabet) // 3
    return {letter: 1.0 - 0.2 * min(2, place // third) for place, letter in enumerate(alphabet)}


def _other_weight(character: str) -> float:
    if character in PUNCTUATION:
        return 1.0
    if character == "\xa0":
        return 0.5
    kind = unicodedata.category(character)
    return IMPOSSIBLE if character == "\ufffd" or kind in ("Cc", "Cn", "Co") else FOREIGN


def _context_penalty(text: str, at: int) -> float:
    """Return a penalty for improbable neighbours: a capital after a small letter, two scripts in one word."""
    character, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if not character.isalpha():
        is_inside = before.isalpha() and after.isalpha()
        is_odd = (is_inside and character in "€£§°©®№¿¡«„") or (before.isalpha() and character in "‘“")
        return -0.8 if is_odd else 0.0
    penalty = 0.0
    if (character.isupper() and before.islower()) or (character.islower() and before.isupper() and after.isupper()):
        penalty -= 1.0
    is_latin = character < "\u0250"
    if not is_latin and any(side.isalpha() and side.isascii() for side in (before, after)):
        penalty -= 1.0
    if is_latin and character.isupper() and not before.isalpha() and not after.isalpha():
        penalty -= 0.5
    return penalty

"""Find the numbers and names in a sentence of an answer that do not stand in the text that it cites.

Stricter than the program's own check, and written apart from it: every number, with no tolerance for small ones, and
every name must be found. Names are, in Latin script, capitalised words and words with a digit that are not the first of
the sentence; in Chinese what stands in 《》 or “”, what stands around the point
of a foreign name (史蒂夫·乔布斯), and two or three characters that begin with one of the hundred commonest surnames and
are followed by what follows a name.
"""

from __future__ import annotations

import re
import unicodedata

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
LATIN = re.compile(r"[^\W\d_\u3040-\u9fff\uac00-\ud7af](?:[^\W\u3040-\u9fff\uac00-\ud7af]|['’&\-])*")  # ends where Chinese begins
MARKERS = re.compile(r"\s*\[\d+\]")
QUOTED = re.compile(r"[《“「『]([^》”」』]{1,40})[》”」』]")
POINTED = re.compile(r"[\u4e00-\u9fff]{1,2}[·•・‧][\u4e00-\u9fff]{1,2}")
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
NAMED = re.compile(rf"(?:^|[，、和与及由是])([{SURNAMES}][\u4e00-\u9fff]{{1,2}})(?=[，、。和与及是于在]|担任|出生|获得|执导|$)")
LINKING = frozenset(
    "The A An It He She They In On At By For From This That These Those There Yes No And Or But As To Of I".split()
)


def unsupported(sentence: str, source: str) -> list[str]:
    """Return the numbers and names of the sentence that do not stand in the source, in order."""
    plain = folded(MARKERS.sub("", sentence))
    held, numbers = folded(source), {bare(number) for number in NUMBER.findall(folded(source))}
    missing = [number for number in NUMBER.findall(plain) if bare(number) not in numbers]
    squeezed = re.sub(r"\W", "", held).lower()
    return missing + [name for name in names(plain) if re.sub(r"\W", "", name).lower() not in squeezed]


def names(sentence: str) -> list[str]:
    """Return the names in a sentence, those that this file's first lines describe."""
    latin = [match for match in LATIN.finditer(sentence)]
    inner = [match.group() for match in latin if match.start() > first_letter(sentence)]
    capital = [word.removesuffix("'s").removesuffix("’s") for word in inner if word[0].isupper() and word not in LINKING]
    chinese = [found for pattern in (QUOTED, POINTED, NAMED) for found in pattern.findall(sentence)]
    return [*capital, *chinese]


def first_letter(sentence: str) -> int:
    """Return where the first letter stands; the word there is capitalised in any case."""
    return next((index for index, character in enumerate(sentence) if character.isalpha()), 0)


def bare(number: str) -> str:
    """Return a number without commas between thousands and without zeros that change nothing."""
    plain = re.sub(r",(?=\d{3})", "", number).strip(".,")
    whole, point, fraction = plain.partition(".")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if point and fraction.strip("0") else "")


def folded(text: str) -> str:
    """Return the text in NFKC."""
    return unicodedata.normalize("NFKC", text)

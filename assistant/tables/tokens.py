"""Split questions, headers and cells into comparable tokens: words without endings, Chinese by character, numbers as digits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.text.calculations.vocabulary import MEASURE_WORD
from assistant.text.languages import CJK
from assistant.text.stems import stem

TOKEN = re.compile(rf"[{CJK}]|\d{{4}}-\d\d?-\d\d?|\d+(?:[.,:/]\d+)*|[^\W\d_{CJK}]+(?:['’][^\W\d_{CJK}]+)*")
ENGLISH_FILLER = frozenset(
    """
    a an the of in on at to for from by with and or as is are was were be been being do does did has have had having
    will would can could should there that this these those it its they their them he his she her we our you your i my
    me us what which who whom whose when where how many much out all any each every than then so if not no only also
    just more most less least please tell give show find list name say get let know want see number numbers amount count
    total totals sum overall altogether combined together times time per between among within during over under above
    below after before since until up down same other both either neither another following according based on listed
    list chart table row rows record records entry entries item items line lines column data file files sheet document
    mentioned included shown given there exist contain contains about into through like value values many one ones thing
    things made make makes compared compare difference average mean highest lowest largest smallest biggest greatest
    maximum minimum top bottom first last next larger longer higher bigger greater taller heavier older younger shorter
    smaller lower faster slower better worse cheaper fewer expensive cheap previous earliest latest right immediately
    come comes came go goes much altogether exactly ever have get got
    still yet already currently far
    """.split()
)
RECURRING = frozenset("hourly daily weekly monthly quarterly yearly".split())  # an hourly rate is no number of hours
CHINESE_FILLER = frozenset(
    "的了是在和与及或有为之其于被由也都就这那他它个到从对以并而且但把所则着很又还多少几哪些什么谁请问列出共一总计算数量"
    "吗呢吧中里内上下我们你您各每"
)
CHINESE_PHRASES = re.compile(
    rf"记录|条目|数据|合计|总计|总和|总数|平均值?|最[多少高低大小长短早晚新贵]的?|小时|(?:多少|几){MEASURE_WORD}|多少|[条行个家张笔位名件]|"
    "表|分别|不同|种类?|第一|最后|之间|相差|差额|超过|大于|小于|高于|低于|至少|以上|以下|以前|之前|以后|之后|以来|并且|而且|同时|占比?|所有|全部|一共|总共|清单|明细|情况"
)
ROMAN_S = re.compile(r"['’]s?$")


@dataclass(frozen=True, slots=True)
class QuestionToken:
    """A token: its comparable form, the text it was made of, and where that begins and ends."""

    form: str
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[QuestionToken]:
    """Return the tokens of a text."""
    folded = unicodedata.normalize("NFKC", text)
    folded = folded if len(folded) == len(text) else text
    return [QuestionToken(form_of(match[0]), match[0], *match.span()) for match in TOKEN.finditer(folded)]


@lru_cache(maxsize=65_536)
def form_of(word: str) -> str:
    """Return the comparable form of a word: lower case, no accents, no plural ending; digits without grouping."""
    if word[0].isdigit():
        grouped = re.fullmatch(r"\d{1,3}(?:,\d{3})+(\.\d+)?", word)
        return word.replace(",", "") if grouped else word
    plain = without_accents(word.lower())
    plain = ROMAN_S.sub("", plain).replace("’", "'").replace("'", "")
    if len(plain) > 4 and plain.endswith("ies"):
        return plain[:-3] + "y"
    if len(plain) > 4 and plain.endswith(("sses", "xes", "ches", "shes")):
        return plain[:-2]
    return plain[:-1] if len(plain) > 3 and plain.endswith("s") and not plain.endswith(("ss", "us", "is")) else plain


def without_accents(text: str) -> str:
    """Return a text without the accents of its letters."""
    return "".join(character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character))


def forms(text: str) -> tuple[str, ...]:
    """Return the comparable forms of a text's tokens."""
    return tuple(token.form for token in tokenize(text))


def stems(text: str) -> frozenset[str]:
    """Return the stems of a text's content words, and its Chinese characters."""
    return frozenset(root(form) for form in forms(text) if not is_filler(form))


def root(form: str) -> str:
    """Return the stem of a form."""
    is_word = form.isascii() and form.isalpha() and len(form) > 3 and form not in RECURRING
    return stem(form) if is_word else form


def is_filler(form: str) -> bool:
    """Return whether a form says nothing about what a question asks for."""
    return form in ENGLISH_FILLER or form in FILLER_FORMS or form in CHINESE_FILLER


FILLER_FORMS = frozenset(map(form_of, ENGLISH_FILLER))


def chinese_fillers(text: str) -> frozenset[int]:
    """Return the offsets of the characters that belong to Chinese words that say nothing about what a question asks for."""
    return frozenset(place for match in CHINESE_PHRASES.finditer(text) for place in range(*match.span()))


def find_run(wanted: Sequence[str], among: Sequence[str], start: int = 0) -> int:
    """Return where a run of forms occurs in others; -1 if it does not."""
    width = len(wanted)
    return next(
        (
            at
            for at in range(start, len(among) - width + 1)
            if among[at] == wanted[0] and tuple(among[at : at + width]) == tuple(wanted)
        ),
        -1,
    )

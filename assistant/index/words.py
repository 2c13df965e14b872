"""Text as words for the keyword index. Pure functions: the same text gives the same words when indexed and asked.

Chinese, Japanese and Korean are written without spaces, so their runs are cut into overlapping pairs of characters
(and single ones, so that a question of one character finds something): 数据库 becomes 数 据 库 数据 据库.
"""

from __future__ import annotations

import re
import unicodedata

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
RUN = re.compile(f"[{CJK}]+")
TERM = re.compile(f"[{CJK}]+|[^\\W_{CJK}]+")
STOP = frozenset(
    "a an the of in on at to for from by with and or is are was were be been being do does did has have had what which who whom "
    "whose when where why how that this these those it its as into about than then there their they he she his her "
    "i you we me my your our can could will would should may might not no any some".split()
) | frozenset("的了是在和与及或有为对中其这那吗呢吧什么么怎哪谁几多少请问我你他她它们一个就都也被把")


def indexed(text: str) -> str:
    """Return the text as the keyword index stores it: NFKC, with runs of CJK cut into characters and pairs."""
    return RUN.sub(lambda run: f" {' '.join(pieces(run.group()))} ", unicodedata.normalize("NFKC", text))


def pieces(run: str) -> list[str]:
    """Return a CJK run's characters and overlapping pairs."""
    return [*run, *(run[index : index + 2] for index in range(len(run) - 1))]


def terms(question: str) -> list[str]:
    """Return a question's distinct search terms in order: words, and pairs of CJK characters; stop words last resort."""
    found: list[str] = []
    for term in TERM.findall(unicodedata.normalize("NFKC", question).lower()):
        if RUN.match(term):
            found += [term] if len(term) == 1 else [term[i : i + 2] for i in range(len(term) - 1)]
        else:
            found.append(term)
    distinct = list(dict.fromkeys(found))
    return [term for term in distinct if not is_stop(term)] or distinct


def is_stop(term: str) -> bool:
    """Return whether a term says nothing of what is asked: a stop word, or a pair of stop characters."""
    return term in STOP or (bool(RUN.match(term)) and all(character in STOP for character in term))

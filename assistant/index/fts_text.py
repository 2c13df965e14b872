"""Text as words for the keyword index. Pure functions: the same text gives the same words when indexed and asked.

Chinese, Japanese and Korean are written without spaces, so their runs are cut into overlapping pairs of characters
(and single ones, so that a question of one character finds something): 数据库 becomes 数 据 库 数据 据库.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePath

from assistant.text.languages import CJK

RUN = re.compile(f"[{CJK}]+")
TERM = re.compile(f"[{CJK}]+|[^\\W_{CJK}]+")
PIECE = re.compile(r"[^\W\d_]+|\d+")
STOP = frozenset(
    "a an the of in on at to for from by with and or is are was were be been being do does did has have had what which who whom "
    "whose when where why how that this these those it its as into about than then there their they he she his her "
    "i you we me my your our can could will would should may might not no any some".split()
) | frozenset("的了是在和与及或有为对中其这那吗呢吧什么么怎哪谁几多少请问我你他她它们一个就都也被把")

QUOTED = re.compile(r"[\"“„「『《]([^\"“”„「」『』《》]{2,80})[\"”「」』》]")
LETTER = f"[^\\W_{CJK}]"
CODE = re.compile(f"(?:{LETTER}+[-/._:+#])+{LETTER}+")  # AX-2040/B, 2.4.1, report_2021.pdf
CLAUSE = re.compile(r"第[0-9零〇一二三四五六七八九十百千两]+[条章节款项回页部篇卷季届号]")


def body_text(path: str, searchable: str) -> str:
    """Return what the keyword index keeps of a passage: the name of its file and its text.

    The name is found by keyword, but is not embedded: a renamed file costs no embedding.
    """
    return tokenize_for_index(f"{PurePath(path).stem}\n{searchable}")


def tokenize_for_index(text: str) -> str:
    """Return the text as the keyword index stores it: NFKC, with runs of CJK cut into characters and pairs."""
    return RUN.sub(lambda run: f" {' '.join(cjk_ngrams(run.group()))} ", nfkc(text))


def nfkc(text: str) -> str:
    """Return the text in Unicode's NFKC: full-width letters made plain, compatibility forms made one."""
    return unicodedata.normalize("NFKC", text)


def cjk_ngrams(run: str) -> list[str]:
    """Return a CJK run's characters and overlapping pairs."""
    return [*run, *(run[index : index + 2] for index in range(len(run) - 1))]


def query_terms(question: str) -> list[str]:
    """Return a question's distinct search terms in order: words, and pairs of CJK characters; stop words last resort."""
    found: list[str] = []
    for term in TERM.findall(nfkc(question).lower()):
        if RUN.match(term):
            found += [term] if len(term) == 1 else [term[i : i + 2] for i in range(len(term) - 1)]
        else:
            found.append(term)
    distinct = list(dict.fromkeys(found))
    return [term for term in distinct if not is_stop(term)] or distinct


def is_stop(term: str) -> bool:
    """Return whether a term says nothing of what is asked: a stop word, or a pair of stop characters."""
    return term in STOP or (bool(RUN.match(term)) and all(character in STOP for character in term))


def exact_phrases(question: str) -> list[str]:
    """Return what counts as one thing, each as its words in order: what is quoted, identifiers and numbered clauses.

    A CJK run becomes its characters, which stand in a row in the index.
    """
    text = nfkc(question)
    found = [match.group(1) for match in QUOTED.finditer(text)]
    found += [match.group() for pattern in (CODE, CLAUSE) for match in pattern.finditer(text)]
    in_words = (" ".join(part for term in TERM.findall(whole.lower()) for part in split_cjk(term)) for whole in found)
    return list(dict.fromkeys(words for words in in_words if " " in words))


def split_cjk(term: str) -> list[str]:
    """Return a CJK run's characters, or the word itself."""
    return list(term) if RUN.match(term) else [term]


def letter_digit_parts(term: str) -> list[str]:
    """Return the letters and the numbers of a term that mixes them: fy2022 is fy and 2022; nothing of any other term."""
    found = PIECE.findall(term)
    return [piece for piece in found if len(piece) > 1] if len(found) > 1 else []


def concatenated_words(question: str) -> list[str]:
    """Return each two and three neighbouring words written as one: "Best Buy" may be called bestbuy in a file's name."""
    words = [term for term in TERM.findall(nfkc(question).lower()) if not RUN.match(term)]
    return list(dict.fromkeys("".join(words[i : i + n]) for n in (2, 3) for i in range(len(words) - n + 1)))


def fts_and(phrases: Iterable[str]) -> str:
    """Return the FTS5 expression for passages that hold all of these phrases."""
    return f"({' AND '.join(map(fts_phrase, phrases))})"


def fts_phrase(phrase: str) -> str:
    """Return the phrase as an FTS5 string, in which nothing is an operator."""
    return '"' + phrase.replace('"', '""') + '"'

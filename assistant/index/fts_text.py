"""Tokenize text for the keyword index (FTS5), identically for documents and questions.

Chinese, Japanese and Korean are written without spaces, so their runs become single characters and overlapping bigrams: 数据库
becomes 数 据 库 数据 据库.
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
    """Return the indexed text of a chunk: its file's name and its text.

    The file name is found by keyword but not embedded, so renaming a file needs no new embedding.
    """
    return tokenize_for_index(f"{PurePath(path).stem}\n{searchable}")


def tokenize_for_index(text: str) -> str:
    """Return the text as the keyword index stores it: NFKC, CJK runs as characters and bigrams."""
    return RUN.sub(lambda run: f" {' '.join([*run.group(), *bigrams(run.group())])} ", nfkc(text))


def nfkc(text: str) -> str:
    """Return the text in Unicode NFKC: full-width letters become plain, compatibility forms are unified."""
    return unicodedata.normalize("NFKC", text)


def bigrams(run: str) -> list[str]:
    """Return the overlapping bigrams of a CJK run."""
    return [run[index : index + 2] for index in range(len(run) - 1)]


def query_terms(question: str) -> list[str]:
    """Return a question's distinct search terms in order: words and CJK bigrams, stop words only if nothing else is left."""
    found: list[str] = []
    for term in TERM.findall(nfkc(question).lower()):
        if RUN.match(term):
            found += bigrams(term) or [term]
        else:
            found.append(term)
    distinct = list(dict.fromkeys(found))
    return [term for term in distinct if not is_stop(term)] or distinct


def is_stop(term: str) -> bool:
    """Return True for a stop word, and for a CJK bigram of stop characters."""
    return term in STOP or (bool(RUN.match(term)) and all(character in STOP for character in term))


def exact_phrases(question: str) -> list[str]:
    """Return quoted text, identifiers and numbered clauses of a question as phrases of space-separated words.

    A CJK run becomes its characters, which are consecutive in the index.
    """
    text = nfkc(question)
    found = [match.group(1) for match in QUOTED.finditer(text)]
    found += [match.group() for pattern in (CODE, CLAUSE) for match in pattern.finditer(text)]
    in_words = (" ".join(part for term in TERM.findall(whole.lower()) for part in (term if RUN.match(term) else [term]))
                for whole in found)
    return list(dict.fromkeys(words for words in in_words if " " in words))


def letter_digit_parts(term: str) -> list[str]:
    """Return the letter and digit parts of a mixed term (fy2022: fy, 2022); an empty list for any other term."""
    found = PIECE.findall(term)
    return [piece for piece in found if len(piece) > 1] if len(found) > 1 else []


def concatenated_words(question: str) -> list[str]:
    """Return every two and three adjacent words written as one: "Best Buy" may be bestbuy in a file name."""
    words = [term for term in TERM.findall(nfkc(question).lower()) if not RUN.match(term)]
    return list(dict.fromkeys("".join(words[i : i + n]) for n in (2, 3) for i in range(len(words) - n + 1)))


def fts_and(phrases: Iterable[str]) -> str:
    """Return the FTS5 expression for chunks that hold all of these phrases: string literals, in which nothing is an operator."""
    literals = ['"' + phrase.replace('"', '""') + '"' for phrase in phrases]
    return f"({' AND '.join(literals)})"

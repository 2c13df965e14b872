"""Find the codes, numbers and names that a question gives exactly, and rank the few chunks that hold them first.

A word that one to three chunks of a library hold identifies them. Neither the cosine, which knows nothing of codes, nor other
words can outweigh it if the question gives it as an identifier: a code (K-47, R0077777, relayctl), a number, a word with its
number (buoy 7991), a quoted phrase, or a proper name. Ordinary words are no identifiers, however few chunks hold them: a chunk
in other words may well be the right one. Only a question that is nothing but a word or two asks for that word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from assistant.index.chunks import StoredChunk
from assistant.index.fts_text import QUOTED, RUN, TERM, is_stop, joined_forms
from assistant.index.interfaces import Phrases, Searchable
from assistant.text.folding import fold_characters
from assistant.text.languages import CJK, language
from assistant.text.literals import name_words
from assistant.text.stems import ENGLISH_STOP

MOST_HOLDING = 3  # chunks: a name or number that more hold does not identify them
MOST_HOLDING_CODE = 20  # chunks: the same for a code
MOST_IDENTIFIERS = 64  # of one question: bounds the cost of a question that is a pasted text
FEWEST_DIGITS = 3  # of a number that identifies without the word before it
MOST_BARE_WORDS = 2  # of a question that asks for its words
CODE_SCORE, NAME_SCORE, PART = 100.0, 1.0, 0.5  # any number of names weighs less than part of a code
BELOW = 0.01  # log-odds between the last chunk with an identifier and the first without

SIGN = f"[^\\W_{CJK}]"
GLUE = "[-_/.:+#@]"  # what stands inside a code
WHOLE = re.compile(f"{SIGN}+(?:(?:{GLUE}|(?<=\\d),(?=\\d)){SIGN}+)*")
YEAR = re.compile(r"(?:1[89]|20)\d\d")
PERIOD = re.compile(r"(?:FY|CY)[-/]?\d{2}(?:\d{2})?|Q[1-4][-/]?(?:19|20)\d\d", re.IGNORECASE)  # a time, as a year is
JOINED = re.compile(r"\w*(?:&\w*)+")  # PP&E, R&D: the index holds the parts alone, which identify nothing
ORDINARY = re.compile(r"\d+(?:st|nd|rd|th|s)?(?:-[a-z]{3,})*|\d+/\d+|\d+[.:+-]\d")  # 3rd, 24-hour, 5-year-old, 1/2000, 2.5
SMALL_CODE = re.compile("[0-9]+[a-z]{1,2}")  # 12b, but also 5km
VARIABLE = re.compile(rf"[_#@]|::|{SIGN}{{3}}\.{SIGN}{{2}}")  # max_size, a@b.org, config.toml
BRACKETED = re.compile(r"(?<=\w )\([^()]*\)")  # an abbreviation or a remark: what it is about stands before it
PIECES = re.compile(r"[^\W\d_]+|\d+")
# no vowel, or a beginning or an end that European languages do not have: xkcd, nginx, kubectl
CONSONANT = "[bcdfghjklmnpqrstvwxz]"
NO_WORD = re.compile(f"{CONSONANT}+|(?:[lr](?![hlr])|m(?![bnc])|n(?!j)){CONSONANT}.*|.*{CONSONANT}{{2}}(?<!th)[bcjlmnqrvwx]")


@dataclass(frozen=True, slots=True)
class SearchIdentifier:
    """An identifier of a question: its words as indexed, the score of a chunk that holds it, and how many chunks may hold it."""

    words: tuple[str, ...]
    score: float
    most: int
    only_as_name: bool = False  # whether it counts only in chunks that write it as a name, within a sentence

    @property
    def forms(self) -> tuple[Phrases, ...]:
        """What the keyword index holds: the words one after another, and what is written as one word here or there."""
        other = ["".join(self.words)] if len(self.words) > 1 else joined_forms(self.words)
        return ((" ".join(self.words),), *((each,) for each in other if not RUN.search(each)))


@dataclass(frozen=True, slots=True)
class ExactTerm:
    """An identifier that few chunks hold, and the ids of these chunks."""

    identifier: SearchIdentifier
    rows: tuple[int, ...]


def identifiers(question: str) -> list[SearchIdentifier]:
    """Return the identifiers of a question, each once."""
    text = fold_characters(question)
    found = dict[tuple[str, ...], SearchIdentifier]()
    for each in (*quoted_phrases(text), *codes_in(text), *bare_words(text), *names_in(text)):
        found.setdefault(each.words, each)
    return list(found.values())[:MOST_IDENTIFIERS]


def quoted_phrases(text: str) -> Iterator[SearchIdentifier]:
    """Yield the phrases in quotation marks."""
    for match in QUOTED.finditer(text):
        words = words_of(match.group(1))
        if not all(map(is_stop, words)):
            yield SearchIdentifier(words, CODE_SCORE, MOST_HOLDING)


def codes_in(text: str) -> Iterator[SearchIdentifier]:
    """Yield the codes, numbers, and words with their numbers of a folded text."""
    before = ""
    end = 0
    for match in WHOLE.finditer(text):
        whole, words = match.group(), words_of(match.group())
        if is_number(whole):
            is_year = bool(YEAR.fullmatch(whole))
            if sum(map(str.isdigit, whole)) >= FEWEST_DIGITS:
                yield SearchIdentifier(words, NAME_SCORE if is_year else CODE_SCORE, MOST_HOLDING)
            if not is_year and is_label(before) and text[end : match.start()] == " ":
                yield SearchIdentifier((*words_of(before), *words), CODE_SCORE, MOST_HOLDING)
        elif looks_like_code(whole) and text[match.end() : match.end() + 1] not in {"'", "’"}:  # couldn't
            is_weak = SMALL_CODE.fullmatch(whole) or PERIOD.fullmatch(whole)
            yield SearchIdentifier(words, NAME_SCORE if is_weak else CODE_SCORE, MOST_HOLDING_CODE)
        before, end = whole, match.end()


def is_number(whole: str) -> bool:
    """Return True for digits, grouped by commas or not."""
    return whole.replace(",", "").isdigit()


def looks_like_code(whole: str) -> bool:
    """Return True for a code with digits, the name of a file or variable, and letters that are no word."""
    if any(map(str.isdigit, whole)):
        return not ORDINARY.fullmatch(whole)
    return bool(VARIABLE.search(whole)) or (whole.isascii() and len(whole) > 3 and bool(NO_WORD.fullmatch(whole)))


def is_label(word: str) -> bool:
    """Return True for a word that a number can belong to, as in "buoy 7991"."""
    return word.isalpha() and word.lower() not in ENGLISH_STOP and not is_stop(word.lower())


def names_in(text: str) -> Iterator[SearchIdentifier]:
    """Yield the words of proper names and the acronyms, if the capitals tell them from other words.

    In a question without capitals every word may be a name: those count that the chunks themselves write as names.
    """
    words = [word for word in TERM.findall(text) if word[0].isalpha() and not RUN.match(word)]
    capitals = sum(word[0].isupper() for word in words)
    if language(text) == "de" or (len(words) > 2 and 2 * capitals > len(words)):
        return
    if not capitals:
        known = (word for word in words if word.isalpha() and word not in ENGLISH_STOP and not is_stop(word))
        yield from (SearchIdentifier(words_of(word), NAME_SCORE, MOST_HOLDING, only_as_name=True) for word in known)
    text = JOINED.sub(" ", BRACKETED.sub(" ", text))
    for match in name_words(WHOLE.sub(lambda found: " " if any(map(str.isdigit, found.group())) else found.group(), text)):
        word = re.sub(r"['’]s?$", "", match.group())
        if word[0].isupper() and len(word) > 1 and not is_stop(word.lower()):
            yield SearchIdentifier(words_of(word), NAME_SCORE, MOST_HOLDING)


def bare_words(text: str) -> Iterator[SearchIdentifier]:
    """Yield the words of a question that is nothing but one or two words."""
    words = TERM.findall(text.lower())
    if len(words) <= MOST_BARE_WORDS and not any(map(is_stop, words)):
        for word in words:
            yield SearchIdentifier(words_of(word), NAME_SCORE, MOST_HOLDING)


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of an identifier as the keyword index holds them: lower case, CJK by character."""
    return tuple(part for term in TERM.findall(text.lower()) for part in (term if RUN.match(term) else [term]))


def find_exact_terms(store: Searchable, question: str) -> list[ExactTerm]:
    """Return the identifiers of a question that few chunks hold."""
    asked = identifiers(question)
    forms = [form for each in asked for form in each.forms]
    found = dict(zip(forms, store.holding_each(forms, MOST_HOLDING_CODE + 1), strict=True)) if forms else {}
    rows = [tuple(dict.fromkeys(row for form in each.forms for row in found[form])) for each in asked]
    return [ExactTerm(each, held) for each, held in zip(asked, rows, strict=True) if 0 < len(held) <= each.most]


def exact_scores(terms: Iterable[ExactTerm], stored: Mapping[int, StoredChunk]) -> dict[int, float]:
    """Return the score of each chunk that holds identifiers: the sum of theirs, less for a part of a longer code."""
    scores: dict[int, float] = {}
    for term in terms:
        whole = pattern_of(term.identifier)
        for chunk in term.rows:
            if chunk in stored and (not term.identifier.only_as_name or is_written_as_name(term.identifier, stored[chunk])):
                text = without_accents(f"{stored[chunk].path}\n{stored[chunk].chunk.searchable}").lower()
                scores[chunk] = scores.get(chunk, 0.0) + term.identifier.score * (1.0 if whole.search(text) else PART)
    return scores


def is_written_as_name(identifier: SearchIdentifier, stored: StoredChunk) -> bool:
    """Return True if a chunk writes an identifier with a capital, and at least once within a sentence."""
    text = without_accents(stored.chunk.text)
    found = list(re.finditer(rf"(?<!{SIGN}){re.escape(without_accents(identifier.words[0]))}(?!{SIGN})", text, re.IGNORECASE))
    within = any(re.search(r"[\w,;] $", text[max(0, match.start() - 2) : match.start()]) for match in found)
    return within and all(match.group()[0].isupper() for match in found)


def without_accents(text: str) -> str:
    """Return a text folded and without accents."""
    decomposed = unicodedata.normalize("NFKD", fold_characters(text))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def pattern_of(identifier: SearchIdentifier) -> re.Pattern[str]:
    """Return a pattern that finds an identifier as a whole in a plain text: PPR-908 neither in PPR-9087 nor in PPR-908/B."""
    pieces = [re.escape(piece) for word in identifier.words for piece in PIECES.findall(without_accents(word).lower())]
    inner = r"[\W_]{0,3}".join(pieces)
    return re.compile(rf"(?<!{SIGN})(?<!{SIGN}[-_.]){inner}(?!{SIGN})(?![-_.]{SIGN})(?!/{SIGN}{{1,2}}(?!{SIGN}))")


def rank_exact_first(scores: Mapping[int, float], exact: Mapping[int, float]) -> dict[int, float]:
    """Return the scores, lowered for chunks as far as needed to rank them below all chunks with a higher exact score."""
    ranked: dict[int, float] = {}
    shift, lowest, level = 0.0, 0.0, None
    for chunk in sorted(scores, key=lambda chunk: (-exact.get(chunk, 0.0), -scores[chunk])):
        if level is not None and exact.get(chunk, 0.0) < level:
            shift = min(shift, lowest - BELOW - scores[chunk])
        ranked[chunk] = lowest = scores[chunk] + shift
        level = exact.get(chunk, 0.0)
    return ranked

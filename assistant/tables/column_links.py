"""Link the words of a question to the columns of a table: by their headers, parts of them, and words of the same meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from assistant.datatypes.tables import Column, TableInfo
from assistant.tables.headers import split_unit
from assistant.tables.links import Link, LinkKind, best_links
from assistant.tables.tokens import QuestionToken, find_run, is_filler, root, tokenize

UNIQUE_BONUS = 0.1
SYNONYM_SCORE = 0.6
RATE_WORDS = frozenset("per a an each every one".split())  # before the unit of a rate: "an hour"
ABBREVIATIONS = {
    "amt": "amount",
    "app": "appearance",
    "apps": "appearance",
    "avg": "average",
    "dept": "department",
    "hr": "hour",
    "hrs": "hour",
    "max": "maximum",
    "nat": "nationality",
    "num": "number",
    "pct": "percent",
    "pos": "position",
    "pt": "point",
    "pts": "point",
    "qty": "quantity",
    "tel": "telephone",
    "temp": "temperature",
    "yr": "year",
    "yrs": "year",
}
SYNONYMS = tuple(
    tuple(words.split())
    for words in (
        "film movie picture title",
        "song single track title",
        "book novel title",
        "album record title",
        "country nation nationality land noc",
        "city town location place venue site municipality",
        "location place venue site",
        "stadium arena venue ground site",
        "attended attendance attendee visitor",
        "appearance cap games",
        "telephone phone",
        "nationality nation country",
        "team club squad side franchise school college",
        "university college school institution",
        "player athlete driver rider competitor swimmer skater wrestler golfer cyclist runner contestant name",
        "coach manager name",
        "person people man woman name employee staff worker colleague who",
        "customer client buyer who",
        "artist singer band performer",
        "actor actress name",
        "candidate politician representative member name",
        "year season date",
        "game match opponent date",
        "opponent rival against",
        "position rank place finish",
        "company firm manufacturer operator",
        "building bridge mountain lake river peak island name",
        "role character part",
        "victory win w",
        "loss defeat l",
        "draw tie d",
        "money earnings prize income",
        "population inhabitants people residents",
        "spectator attendance crowd fans",
        "viewer rating audience",
        "length duration long distance",
        "cost price amount",
        "supplier vendor",
        "customer client buyer",
        "employee staff worker",
        "product item article",
        "供应商 厂商",
        "员工 姓名 职员",
        "产品 商品 品名 物品",
    )
)


def column_links(tokens: Sequence[QuestionToken], table: TableInfo) -> tuple[Link, ...]:
    """Return the columns whose header, or a part of it, occurs in a question; for each span of it the best ones."""
    words = Counter(word for column in table.columns for word in header_words(column))
    unique = frozenset(word for word, count in words.items() if count == 1)
    return best_links(link for column in table.columns for link in header_links(tokens, column, unique))


def header_words(column: Column) -> frozenset[str]:
    """Return the stems of the content words of a header."""
    return frozenset(root(form) for form in full_forms(column.header or column.name) if not is_filler(form))


def full_forms(text: str) -> list[str]:
    """Return the forms of the tokens of a text, abbreviations in full."""
    return [ABBREVIATIONS.get(token.form, token.form) for token in tokenize(text)]


def header_links(tokens: Sequence[QuestionToken], column: Column, unique: frozenset[str]) -> Iterator[Link]:
    """Yield the places where the header of a column, or some of its words, occur in a question.

    unique: words that stand in no other header; a link to one is more certain
    """
    written = [ABBREVIATIONS.get(token.form, token.form) for token in tokens]
    roots = [root(form) for form in written]
    name = column.name.replace("_", " ")
    header = full_forms(split_unit(column.header or name)[0]) or full_forms(name)
    content = [form for form in header if not is_filler(form)] or header
    if not content:
        return
    for wanted, among, score in ((header, written, 1.0), ([root(form) for form in content], roots, 0.95)):
        at = find_run(wanted, among)
        while at >= 0:
            yield Link(LinkKind.COLUMN, column, at, at + len(wanted), score)
            at = find_run(wanted, among, at + 1)
    if len(content) > 1:
        units = rate_units(header)
        places = [
            place
            for place, form in enumerate(roots)
            if form in {root(each) for each in content} and not is_filler(written[place])
            and not (form in units and (place == 0 or written[place - 1] not in RATE_WORDS))
        ]
        matched = {roots[place] for place in places}
        for place in places:
            score = 0.3 + 0.5 * len(matched) / len(content) + UNIQUE_BONUS * (roots[place] in unique)
            yield Link(LinkKind.COLUMN, column, place, place + 1, score)


def rate_units(header: Sequence[str]) -> frozenset[str]:
    """Return the stems of the words behind "per" in the forms of a header: a "rate per hour" is no number of hours."""
    at = header.index("per") + 1 if "per" in header else len(header)
    return frozenset(root(form) for form in header[at:] if not is_filler(form))


def synonym_links(tokens: Sequence[QuestionToken], table: TableInfo, taken: set[int]) -> Iterator[Link]:
    """Yield the columns whose header has a word of the same meaning as a word of a question that no header has."""
    headers = {column.name: {root(form) for form in full_forms(column.header or column.name)} for column in table.columns}
    for place, token in enumerate(tokens):
        if place in taken:
            continue
        for words in SYNONYMS:
            meanings = [root(word) for word in words]
            if root(ABBREVIATIONS.get(token.form, token.form)) not in meanings:
                continue
            fitting = [column for column in table.columns if headers[column.name] & set(meanings)]
            fitting.sort(key=lambda column: min(meanings.index(word) for word in headers[column.name] & set(meanings)))
            if fitting:
                yield Link(LinkKind.COLUMN, fitting[0], place, place + 1, SYNONYM_SCORE)
                break

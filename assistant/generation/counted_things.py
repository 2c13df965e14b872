"""Find amounts that a sentence gives of another thing than the claim: "5 clerks and 12 drivers" for 5 drivers, or for sugar."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.generation.token_matching import content_keys, has_word, is_claimed, is_same_amount
from assistant.text.facts import ParsedSentence
from assistant.text.statements import Statement, Token

ASKS_AMOUNT = re.compile(r"\bhow\s+(?:many|much)\b|多少|几", re.IGNORECASE)
PARTITIVE = frozenset({"of", "the"})

Thing = frozenset[str]  # keys of the words that name it


def is_of_other_thing(part: Statement, unit: ParsedSentence, question: Statement) -> str:
    """Return "thing" if a unit gives an amount of a statement for another thing, and another amount for the thing; else "".

    A short answer has the thing from its question.
    """
    if unit.is_row:
        return ""
    theirs = unit.statement
    for amount, thing in claimed_things(part, question):
        same = [token for token in theirs.numbers if is_same_amount(amount, token)]
        counted = [thing_of(token, theirs) for token in same]
        others = [thing_of(token, theirs) for token in theirs.numbers if not is_claimed(token, part)]
        if counted and not any(is_about(thing, each) for each in counted) and (
                any(is_alike(thing, each) for each in others) or (any(others) and is_listed_before(thing, same[0], theirs))):
            return "thing"
    return ""


def claimed_things(part: Statement, question: Statement) -> Iterator[tuple[Token, Thing]]:
    """Yield the amounts of a statement with the things that they are claimed of."""
    asked = thing_asked(question)
    for amount in part.numbers:
        if thing := thing_of(amount, part) or asked:
            yield amount, thing


def thing_asked(question: Statement) -> Thing:
    """Return the thing whose amount a question asks for; nothing if it asks for none."""
    found = ASKS_AMOUNT.search(question.text)
    if not found:
        return frozenset()
    if question.cjk:
        return content_keys(question.content)
    behind = [token for token in question.tokens if token.start >= found.end()]
    return content_keys(leading_words(behind))


def thing_of(amount: Token, statement: Statement) -> Thing:
    """Return the thing that an amount is of: the words behind it, in Chinese those of its clause."""
    if statement.cjk:
        return content_keys([token for token in statement.content if token.clause == amount.clause and token.kind != "number"])
    behind = [token for token in statement.tokens if token.start > amount.start and token.clause == amount.clause]
    while behind and behind[0].kind == "function" and behind[0].written in PARTITIVE:
        behind = behind[1:]
    return content_keys(leading_words(behind))


def leading_words(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return the words that tokens begin with."""
    place = next((place for place, token in enumerate(tokens) if token.kind not in {"word", "name"}), len(tokens))
    return tokens[:place]


def is_about(thing: Thing, counted: Thing) -> bool:
    """Return whether an amount may be of a thing: it is of nothing in particular, or shares a word with it."""
    return not counted or is_alike(thing, counted)


def is_alike(thing: Thing, counted: Thing) -> bool:
    """Return whether two things share a word or a form of it."""
    return any(has_word(key, counted) for key in thing)


def is_listed_before(thing: Thing, amount: Token, statement: Statement) -> bool:
    """Return whether a thing ends the clause before an amount, as an item of a list without an amount: plums, 60 g of sugar."""
    before = [token for token in statement.tokens if token.clause == amount.clause - 1]
    return bool(before) and before[-1].kind == "word" and is_alike(thing, before[-1].keys)

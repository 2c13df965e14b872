"""Find amounts of money that a source gives as another kind of payment than the claim: a penalty for a fee, 违约金 for 顾问费."""

from __future__ import annotations

import re

from assistant.generation.token_matching import is_same_amount
from assistant.text.facts import ParsedSentence
from assistant.text.statements import Statement, Token

PAYMENT = re.compile(
    r"\b(?P<en>fee|penalty|fine|deposit|rent|salary|wage|bonus|premium|commission|interest|dividend|pension|refund|discount|tax"
    r"|royalty|royalties|loan|grant|compensation|damages|price|turnover|profit|budget)(?:s|es)?\b"
    r"|(?P<zh>[\u4e00-\u9fff](?:[费金款价薪税息租]|报酬|工资|利润|赔偿))(?![\u4e00-\u9fff]?[的额]?率)", re.IGNORECASE)
NEAR = 24  # characters between a kind of payment and its amount


def is_of_other_payment(part: Statement, unit: ParsedSentence, question: Statement) -> str:
    """Return "payment" if a unit's amount stands behind one kind of payment, and the statement or its question is of another.

    Nothing is found if the unit or a sentence before it names that kind too, or one that shares a character: 租金, 租赁费.
    """
    if unit.is_row or not part.numbers:
        return ""
    wanted = payments(part.text) or payments(question.text)
    around = (unit.statement.text, *(each.text for each in (*unit.header, *unit.before)))
    if not wanted or any(is_alike(kind, other) for kind in wanted for text in around for other in payments(text)):
        return ""
    beside = {kind for token in unit.statement.numbers if any(is_same_amount(own, token) for own in part.numbers)
              for kind in payments_before(token, unit.statement)}
    return "payment" if beside else ""


def payments(text: str) -> frozenset[str]:
    """Return the kinds of payment that a text names."""
    return frozenset((match["zh"] or match["en"].lower()) for match in PAYMENT.finditer(text))


def payments_before(amount: Token, statement: Statement) -> frozenset[str]:
    """Return the kinds of payment that stand closely before an amount in its clause."""
    first = min((token.start for token in statement.tokens if token.clause == amount.clause), default=amount.start)
    return payments(statement.text[max(first, amount.start - NEAR) : amount.start])


def is_alike(kind: str, other: str) -> bool:
    """Return whether two kinds of payment may be the same."""
    return kind == other or (not kind.isascii() and bool(set(kind) & set(other)))

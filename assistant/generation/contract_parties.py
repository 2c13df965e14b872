"""Find what a source says of another party of a contract than the claim: the seller is late for the buyer, 乙方逾期 for 甲方."""

from __future__ import annotations

import re

from assistant.text.facts import ParsedSentence
from assistant.text.statements import Statement, word_key

SIDES = (  # of a contract; each line's words cannot stand for one another
    "seller vendor supplier|buyer purchaser customer",
    "landlord lessor|tenant lessee",
    "employer|employee",
    "lender creditor|borrower debtor",
    "licensor|licensee",
    "franchisor|franchisee",
    "insurer|insured policyholder",
    "plaintiff claimant|defendant respondent",
    "client principal|contractor consultant agent",
    "transferor assignor|transferee assignee",
)
SIDES_ZH = (
    "甲方|乙方|丙方|丁方", "买方 购买方 需方 采购方 买受人|卖方 出卖方 供方 供应商 出卖人", "出租方 出租人|承租方 承租人",
    "委托方 委托人|受托方 受托人", "发包方 发包人|承包方 承包人", "用人单位|劳动者", "出借人 贷款人 贷款方|借款人 借款方",
    "转让方 转让人|受让方 受让人", "许可方|被许可方", "披露方|接收方", "保险人|投保人 被保险人", "原告|被告", "债权人|债务人",
)
GROUPS = tuple(tuple(frozenset(side.split()) for side in line.split("|")) for line in (*SIDES, *SIDES_ZH))
GROUP_OF = {word: (number, place) for number, sides in enumerate(GROUPS) for place, side in enumerate(sides) for word in side}
PARTY = "|".join(sorted(GROUP_OF, key=len, reverse=True))
HELPING = r"shall|must|may|will|would|should|can|does|do|did|is|are|was|were|has|have|had|not|also|to"
ACT = re.compile(
    rf"(?<![被\w])(?P<party>{PARTY})(?:(?<=[a-z])\s+(?:(?:{HELPING})\s+)*(?P<act>[a-z]{{3,}})\b"
    r"|(?:[如若未应可须将的在有需不得没也均还]|应当|应该|可以|必须|负责)*(?P<act_zh>[\u4e00-\u9fff]{2}))", re.IGNORECASE)
# "by the seller", "向甲方": who does something is not the party that follows
RECEIVES = re.compile(r"(?:\b(?:by|to|from|of|with|for)\s+(?:the\s+)?|[向由给对与和同为])$", re.IGNORECASE)


def is_of_other_party(part: Statement, unit: ParsedSentence, question: Statement) -> str:
    """Return "party" if a unit says of another party what a statement, or else its question, says of one; "" if not."""
    ours = acts_of(part) or acts_of(question)
    theirs = acts_of(unit.statement)
    rival = any(act == other and party != rival and group == beside
                for (group, party), act in ours for (beside, rival), other in theirs)
    return "party" if rival and not ours & theirs else ""


def acts_of(statement: Statement) -> frozenset[tuple[tuple[int, int], str]]:
    """Return the parties of a contract with what each is said to do, as (group, side) and the verb."""
    return frozenset(
        (GROUP_OF[match["party"].lower()], match["act_zh"] or word_key(match["act"].lower()))
        for match in ACT.finditer(statement.text) if not RECEIVES.search(statement.text[: match.start()])
    )

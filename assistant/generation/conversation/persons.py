"""Tell the names of persons from those of companies, places, roles and dates, by the words in and before them."""

from __future__ import annotations

import re
from collections.abc import Sequence

ORGANISATION = frozenset(
    "gmbh ag kg se ltd limited inc incorporated corp corporation llc llp plc co company group holding holdings partners sons "
    "bank university college school institute foundation trust society association union council court ministry office agency "
    "hospital department committee board store stores mills works industries services solutions systems".split()
)
PLACE = frozenset(
    "street road avenue lane square place drive court way park city county state island river lake mountain bridge station "
    "airport harbour harbor building tower house hall centre center".split()
)
ROLE = frozenset(
    "landlord landlady tenant lessor lessee owner buyer seller purchaser vendor supplier customer client contractor director "
    "managing manager executive chief officer president vice chair chairman chairwoman secretary treasurer head partner agent "
    "attorney lawyer notary witness employer employee trustee guarantor borrower lender party parties general senior deputy "
    "professor doctor lease contract agreement".split()
)
TIME = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday thursday "
    "friday saturday sunday".split()
)
SURELY_NO_PERSON = ORGANISATION | PLACE | TIME
BEFORE_OTHERS = re.compile(r"\b(?:of|in|at|from|near|for|on|since|until|to)\s+(?:the\s+)?$", re.IGNORECASE)


def persons_among(names: Sequence[str], text: str) -> list[str]:
    """Return those of the names in a text that may be persons: no companies, places, roles or dates.

    A name behind "of", "in" or "for" says whose or where, as in "signed by Ada Long for Moor Estates in Kiel": it is left out if
    another name is not behind one.
    """
    possible = [name for name in names if may_be_person(name)]
    free = [name for name in possible if not BEFORE_OTHERS.search(text[: text.find(name)])]
    return free or possible


def may_be_person(name: str) -> bool:
    """Return whether no word of a name says that it is something else than a person."""
    words = [word.strip(".,'’").lower() for word in name.split()]
    return not (any(character.isdigit() for character in name) or SURELY_NO_PERSON & set(words) or set(words) <= ROLE)

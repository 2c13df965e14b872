"""Claims that mix two sentences of one form: the name of one with the role, day or place of the other."""

import pytest

from tests.generation.test_support import support

SIGNED = (
    "Signed on behalf of the Seller by Anna Berg, Nordwood GmbH. Signed on behalf of the Buyer by Carl Dahl, Halloran Mills Ltd.",
    "This agreement is made between Nordwood GmbH (the Seller) and Halloran Mills Ltd (the Buyer). "
    "Signed for the Seller: Anna Berg. Signed for the Buyer: Carl Dahl.",
    "For the Seller: Anna Berg, director\nFor the Buyer: Carl Dahl, purchasing manager",
)


@pytest.mark.parametrize("text", SIGNED)
@pytest.mark.parametrize(("name", "party", "expected"), [
    ("Carl Dahl", "buyer", "full"), ("Anna Berg", "seller", "full"),
    ("Anna Berg", "buyer", "none"), ("Carl Dahl", "seller", "none"),
])  # fmt: skip
def test_the_signer_of_one_party_did_not_sign_for_the_other(text: str, name: str, party: str, expected: str) -> None:
    question = f"Who signed the agreement on behalf of the {party}?"
    assert support(f"{name} signed the agreement on behalf of the {party}.", text, question=question) == expected


@pytest.mark.parametrize(("sentence", "expected"), [
    ("The rent is due on 3 May.", "full"),
    ("The deposit is due on 3 May.", "none"),
    ("The rent is due on 3 May and the deposit on 9 June.", "full"),
    ("The rent and the deposit are due on 3 May and 9 June.", "partial"),
])
def test_a_day_belongs_to_what_its_own_sentence_says(sentence: str, expected: str) -> None:
    assert support(sentence, "The rent is due on 3 May. The deposit is due on 9 June.") == expected


@pytest.mark.parametrize(("sentence", "text"), [
    ("Ada Long signed for the buyer.",
     "Ada Long signed for the seller. Ben Moor signed for the buyer. In May Ada Long signed for the buyer too."),
    ("Ada Long works in Kiel.", "Ada Long works in Kiel. Ben Moor works in Bonn."),
    ("Ben Moor, a colleague of Ada Long, works in Bonn.",
     "Ada Long works in Kiel. Ben Moor works in Bonn with Ada Long, a colleague."),
])
def test_what_a_sentence_says_itself_stays_supported(sentence: str, text: str) -> None:
    assert support(sentence, text) == "full"

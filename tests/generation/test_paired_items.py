"""A claim must not join the person of one item with the role of another."""

import pytest
from test_support import support

LISTS = [
    "Present: Anna Berg (treasurer), Tom Hill (chair), Lea Voss.",
    "Treasurer: Anna Berg, Chair: Tom Hill",
    "Treasurer: Anna Berg; Chair: Tom Hill.",
    "Anna Berg, treasurer; Tom Hill, chair.",
    "Anna Berg – treasurer, Tom Hill – chair",
]
LISTS_ZH = ["出席：王芳（会计）、李明（主席）。", "会计：王芳，主席：李明"]
UNMARKED_ZH = ["会计王芳、主席李明签字。", "由会计王芳和主席李明签字。"]


@pytest.mark.parametrize("passage", LISTS)
def test_a_person_has_the_role_of_the_same_item(passage: str) -> None:
    for claim in ("Anna Berg is the treasurer.", "The treasurer is Anna Berg.", "Tom Hill is the chair."):
        assert support(claim, passage) == "full"
    for claim in ("Tom Hill is the treasurer.", "The treasurer is Tom Hill.", "Anna Berg is the chair."):
        assert support(claim, passage) == "none"


@pytest.mark.parametrize("passage", LISTS)
def test_a_name_alone_is_read_with_its_question(passage: str) -> None:
    assert support("Anna Berg", passage, question="Who is the treasurer?") == "full"
    assert support("Tom Hill", passage, question="Who is the treasurer?") == "none"


@pytest.mark.parametrize("passage", [*LISTS_ZH, *UNMARKED_ZH])
def test_a_person_has_the_role_of_the_same_item_in_chinese(passage: str) -> None:
    for claim in ("王芳是会计。", "会计是王芳。", "李明是主席。"):
        assert support(claim, passage) == "full"
    for claim in ("李明是会计。", "会计是李明。", "王芳是主席。"):
        assert support(claim, passage) == "none"


@pytest.mark.parametrize("passage", LISTS_ZH)
def test_a_name_alone_is_read_with_its_question_in_chinese(passage: str) -> None:
    assert support("王芳", passage, question="谁是会计？") == "full"
    assert support("李明", passage, question="谁是会计？") == "none"


@pytest.mark.parametrize(("claim", "passage"), [
    ("The treasurer and the chair were present.", LISTS[0]),
    ("Anna Berg and Tom Hill were present.", LISTS[0]),
    ("王芳和李明签字。", UNMARKED_ZH[0]),
    ("BMW is in Munich.", "Siemens (Munich) builds turbines, BMW (Munich) builds cars."),
])
def test_what_items_have_in_common_is_no_contradiction(claim: str, passage: str) -> None:
    assert support(claim, passage) == "full"

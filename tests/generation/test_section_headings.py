import pytest

from assistant.generation.section_headings import heading_above

CONTRACT = """1. Definitions
The Buyer is Baines Ltd.

2. Price
The price is 410,000 euros.

3. Completion
Completion takes place on 4 May.
1. Bring the keys.

4. Warranties
The roof is new.

5. Notices
Notices are in writing."""
CHINESE = """第一条 定义
甲方为买方。

第二条 价款
价款为四十万元。

第十一条 违约
逾期每日支付千分之一。

第十二条 通知
通知应为书面。"""
UNNUMBERED = """Definitions
The Buyer is Baines Ltd.

Price
The price is 410,000 euros.

Completion
Completion takes place on 4 May.

Notices
Notices are in writing."""


@pytest.mark.parametrize(("heading", "text", "quote", "found"), [
    ("1. Definitions – 5. Notices", CONTRACT, "Completion takes", "3. Completion"),
    ("1. Definitions – 5. Notices", CONTRACT, "Bring the keys", "3. Completion"),
    ("1. Definitions – 5. Notices", CONTRACT, "The Buyer", "1. Definitions"),
    ("1. Definitions – 5. Notices", CONTRACT, "Notices are", "5. Notices"),
    ("Lease > 1. Definitions – 5. Notices", CONTRACT, "The roof", "Lease > 4. Warranties"),
    ("AGREEMENT – 5. Notices", "AGREEMENT\n\n" + CONTRACT, "The roof", "4. Warranties"),
    ("AGREEMENT – 5. Notices", "AGREEMENT\nbetween two companies\n\n" + CONTRACT, "between", "AGREEMENT"),
    ("第一条 定义 – 第十二条 通知", CHINESE, "价款为", "第二条 价款"),
    ("第一条 定义 – 第十二条 通知", CHINESE, "逾期", "第十一条 违约"),
])
def test_a_section_between_the_first_and_the_last_is_found_by_its_number(heading: str, text: str, quote: str, found: str) -> None:
    assert heading_above(heading, text, text.index(quote)) == found


def test_below_a_title_without_a_number_the_whole_range_is_named() -> None:
    heading = "Definitions – Notices"
    assert heading_above(heading, UNNUMBERED, UNNUMBERED.index("Completion takes")) == heading
    assert heading_above(heading, UNNUMBERED, UNNUMBERED.index("The Buyer")) == "Definitions"
    assert heading_above(heading, UNNUMBERED, UNNUMBERED.index("Notices are")) == "Notices"


def test_numbered_items_of_a_section_are_no_headings() -> None:
    text = "1. Setup\nYou need:\n2. A key\n3. A lamp\nThen start.\n\n9. End\nStop."
    assert heading_above("1. Setup – 9. End", text, text.index("Then start")) == "1. Setup"
    lower = text.replace("2. A key\n3. A lamp", "2. a key")
    assert heading_above("1. Setup – 9. End", lower, lower.index("Then start")) == "1. Setup"


def test_of_three_sections_every_title_is_known() -> None:
    text = "Price\nIt is 4.\n\nSoon\n\nAfter\nIt ends."
    assert heading_above("Price / Terms / After", text, text.index("Soon")) == "Price"

"""What two sentences of the same frame say differently, however their numbers and dates are written."""

import pytest

from assistant.generation.sentence_diff import sentence_diff

SAME = [
    ("一亿二千万元", "120000000元"), ("一亿二千万元", "120,000,000元"), ("一亿二千万元", "1.2亿元"), ("三十五日", "35日"),
    ("二〇二四年五月二十日", "2024年5月20日"), ("两万五千元", "2.5万元"), ("千分之三", "0.3%"), ("百分之十五", "15%"),
    ("伍拾万元", "50万元"),
]
SAME_IN_ENGLISH = [
    ("1.2 million euros", "1,200,000 euros"), ("twenty-one thousand euros", "21 000 euros"), ("31 December 2027", "2027-12-31"),
    ("15 percent", "15 %"), ("nine months", "9 months"), ("1.234,50 euros", "1,234.50 euros"), ("Dec 31, 2027", "31.12.2027"),
    ("3/5/2027", "3 May 2027"), ("two thirds", "2/3"),
]
OTHER = [("1.2 million euros", "1.2 billion euros"), ("31 December 2027", "30 December 2027"), ("-5 degrees", "5 degrees"),
         ("15 percent", "20%"), ("half a million euros", "600,000 euros"), ("3/5/2027", "4 May 2027"), ("5 kg", "15 kg")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_value_in_chinese_is_no_difference(one: str, other: str) -> None:
    assert sentence_diff(f"双方确认合同约定的数字为{one}。", f"双方确认合同约定的数字为{other}。") == ()


@pytest.mark.parametrize(("one", "other"), SAME_IN_ENGLISH)
def test_the_same_value_in_english_is_no_difference(one: str, other: str) -> None:
    assert sentence_diff(f"The contract says {one}.", f"The contract says {other}.") == ()


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_value_is_one(one: str, other: str) -> None:
    (slot,) = sentence_diff(f"The contract says {one}.", f"The contract says {other}.")
    assert slot.kind == "value"


def test_a_thousandth_is_no_hundredth() -> None:
    (slot,) = sentence_diff("双方确认违约金为货款的千分之三。", "双方确认违约金为货款的百分之三。")
    assert (slot.one, slot.other) == ("千分之三", "百分之三")


def test_a_year_and_a_day_of_it_are_no_difference() -> None:
    assert sentence_diff("The contract ends on 31 December 2027.", "The contract ends on 31 December.") == ()

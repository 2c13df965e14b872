import pytest

from assistant.text.facts import normalize_numerals, numerals, source_keys, unscaled_keys


def keys(text: str) -> set[str]:
    return {key for numeral in numerals(normalize_numerals(text)) if numeral.required for key in numeral.keys}


def held(text: str) -> set[str]:
    return {key for numeral in numerals(normalize_numerals(text)) for key in unscaled_keys(source_keys(numeral))}


@pytest.mark.parametrize(("one", "other"), [
    ("1,000", "1000"), ("1\u202f000", "1000"), ("2.50", "2.5"), ("１２", "12"), ("十二", "12"),
    ("二十五", "25"),
    ("三百二十万", "3,200,000"), ("120万", "1.2 million"), ("twenty-five", "25"),
    ("three hundred and five", "305"),
    ("二〇二三年", "2023"), ("百分之五十", "50 %"), ("1.234,56", "1234.56"), ("3.5亿", "350,000,000"),
])
def test_a_number_is_the_same_however_it_is_written(one: str, other: str) -> None:
    values = {key for key in keys(one) if key.startswith("n:")}
    assert values & {key for key in keys(other) if key.startswith("n:")}


@pytest.mark.parametrize("date", [
    "2021-05-03", "03.05.2021", "3 May 2021", "May 3rd, 2021", "2021年5月3日", "二〇二一年五月三日", "the 3rd of May 2021",
])
def test_a_day_is_the_same_however_it_is_written(date: str) -> None:
    assert {"d:5-3", "n:2021"} <= keys(date)


def test_a_day_bears_out_its_month_and_a_table_in_millions_its_values() -> None:
    assert "m:5" in held("3 May 2021")
    assert keys("1.2 million") & held("| revenue | 1.2 |")
    assert not keys("1.2 million") & held("1.2 billion")
    assert not keys("1.2") & held("1.2 million")


@pytest.mark.parametrize("text", ["one of them", "the two", "第一", "七八个", "一些", "万一"])
def test_what_may_be_no_number_is_not_asked_for(text: str) -> None:
    assert keys(text) == set()

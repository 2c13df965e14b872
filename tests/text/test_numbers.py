"""Numbers are read back whichever way people write them; ordinary words are not numbers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.numbers import numbers

WHOLE = st.integers(0, 10**16) | st.integers(0, 99_999) | st.integers(0, 16).map(lambda power: 10**power)
UNITS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
         "eighteen nineteen").split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
PLAIN, TRADITIONAL = "零一二三四五六七八九十百千万亿兆", "零一二三四五六七八九十百千萬億兆"
FORMAL = "零壹贰叁肆伍陆柒捌玖拾佰仟万亿兆"


def value(text: str) -> Fraction:
    """Return the likeliest value of the one number that a text is."""
    (number,) = numbers(text)
    assert text[number.start : number.end] == text
    return number.values[0]


def below_thousand(number: int, joiner: str) -> str:
    hundreds, rest = divmod(number, 100)
    words = [f"{UNITS[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        words.append(TENS[rest // 10 - 2] + (f"-{UNITS[rest % 10]}" if rest % 10 else ""))
    elif rest:
        words.append(UNITS[rest])
    return joiner.join(words)


def in_english(number: int, joiner: str) -> str:
    if not number:
        return "zero"
    words = []
    for power, scale in ((15, "quadrillion"), (12, "trillion"), (9, "billion"), (6, "million"), (3, "thousand"), (0, "")):
        if part := number // 10**power % 1000:
            words.append(f"{below_thousand(part, joiner)} {scale}".strip())
    return " ".join(words)


def in_chinese(number: int, signs: str) -> str:
    if number < 10:
        return signs[number]
    for power, sign in ((12, signs[15]), (8, signs[14]), (4, signs[13]), (3, signs[12]), (2, signs[11]), (1, signs[10])):
        if number >= 10**power:
            many, rest = divmod(number, 10**power)
            gap = signs[0] if 0 < rest < 10 ** (power - 1) else ""
            return in_chinese(many, signs) + sign + (gap + in_chinese(rest, signs) if rest else "")
    raise AssertionError


def grouped(number: int, mark: str) -> str:
    return f"{number:,}".replace(",", mark)


def indian(number: int) -> str:
    head, tail = divmod(number, 1000)
    if not head:
        return str(number)
    figures = str(head)
    pairs = [figures[max(0, place - 2) : place] for place in range(len(figures), 0, -2)][::-1]
    return f"{','.join(pairs)},{tail:03}"


@given(WHOLE)
def test_whole_numbers_in_figures(number: int) -> None:
    written = [str(number), f"{number:,}", indian(number), str(number).translate({48 + d: 0xFF10 + d for d in range(10)})]
    written += [grouped(number, mark) for mark in "\u00a0\u202f\u2009 '’"]
    assert {value(text) for text in written} == {number}
    assert number in numbers(grouped(number, "."))[0].values


@given(WHOLE, st.sampled_from([" ", " and "]))
def test_whole_numbers_in_english(number: int, joiner: str) -> None:
    assert value(in_english(number, joiner)) == number
    assert value(in_english(number, joiner).title().replace(" And ", " and ")) == number


@given(WHOLE, st.sampled_from([PLAIN, FORMAL, TRADITIONAL]))
def test_whole_numbers_in_chinese(number: int, signs: str) -> None:
    written = in_chinese(number, signs)
    if len(written) > 1 or signs != FORMAL:  # one formal character is part of a word: 大陆, 落伍
        assert value(written) == number
    if len(written) > 2 and written.startswith(signs[1] + signs[10]):
        assert value(written.removeprefix(signs[1])) == number


@given(st.integers(1000, 9999))
def test_years_in_chinese_digits(year: int) -> None:
    assert value("".join("〇一二三四五六七八九"[int(figure)] for figure in str(year))) == year


@given(st.integers(0, 10**8), st.integers(0, 9999))
def test_decimals(whole: int, below: int) -> None:
    exact = Fraction(f"{whole}.{below:04}")
    assert value(f"{whole}.{below:04}") == value(f"{whole:,}.{below:04}") == exact
    assert value(f"{whole},{below:04}") in {exact, Fraction(f"{whole}{below:04}")}  # 1,2345 is grouped by four
    if whole >= 1000:
        assert value(f"{grouped(whole, '.')},{below:04}") == value(f"{grouped(whole, ' ')},{below:04}") == exact
    assert value(f"-{whole}.{below:04}") == value(f"−{whole}.{below:04}") == value(f"minus {whole}.{below:04}") == -exact


@given(st.integers(0, 9999), st.integers(0, 9999))
def test_decimals_in_words(whole: int, below: int) -> None:
    exact = Fraction(f"{whole}.{below:04}")
    figures = [int(figure) for figure in f"{below:04}"]
    assert value(f"{in_chinese(whole, PLAIN)}点{''.join(PLAIN[figure] for figure in figures)}") == exact
    assert value(f"{in_english(whole, ' ')} point {' '.join(UNITS[figure] for figure in figures)}") == exact


@given(st.integers(1, 99_999), st.integers(0, 99))
def test_figures_with_a_scale(whole: int, below: int) -> None:
    exact = Fraction(f"{whole}.{below:02}")
    for scale, factor in {"万": 10**4, "亿": 10**8, "万亿": 10**12, "百万": 10**6, "千万": 10**7, "萬": 10**4, "兆": 10**12,
                          " million": 10**6, "k": 10**3, "bn": 10**9, " thousand": 1000, "m": 10**6, " billion": 10**9}.items():
        assert value(f"{whole}.{below:02}{scale}") == exact * factor


@given(st.integers(0, 9999), st.integers(0, 9999))
def test_percentages(whole: int, below: int) -> None:
    exact, figures = Fraction(f"{whole}.{below:04}"), f"{whole}.{below:04}"
    for text in (f"{figures}%", f"{figures} %", f"{figures}％", f"{figures} percent", f"{figures} per cent", f"百分之{figures}",
                 f"百分之{in_chinese(whole, PLAIN)}点{''.join(PLAIN[int(figure)] for figure in f'{below:04}')}"):
        assert value(text) == exact / 100
    assert value(f"{figures}‰") == value(f"千分之{figures}") == exact / 1000


@given(st.integers(1, 98), st.integers(2, 99))
def test_fractions(over: int, under: int) -> None:
    if over < under:
        assert value(f"{over}/{under}") == Fraction(over, under)
        assert value(f"{in_chinese(under, PLAIN)}分之{in_chinese(over, PLAIN)}") == Fraction(over, under)
        assert value(f"7 {over}/{under}") == 7 + Fraction(over, under)


@pytest.mark.parametrize(("text", "expected"), [
    ("一亿二千万", 120_000_000), ("两百零五", 205), ("廿三", 23), ("卅", 30), ("两万五", 25_000), ("三百五", 350),
    ("1亿2千万", 120_000_000),
    ("三点五万", 35_000), ("一万二千亿", 12 * 10**11), ("a million", 10**6), ("a hundred and one", 101),
    ("two thirds", Fraction(2, 3)),
    ("two and a half million", 2_500_000), ("half a million", 500_000), ("nineteen ninety-eight", 1998), ("2½", Fraction(5, 2)),
    ("¾", Fraction(3, 4)), ("twenty twenty-four", 2024), ("two thousand million", 2 * 10**9), ("负三", -3), ("百分之百", 1),
    ("万分之五", Fraction(5, 10_000)), ("twenty-one thousand", 21_000), ("3千5百万", 35_000_000),
])
def test_other_forms(text: str, expected: Fraction) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(("text", "found"), [
    ("3千克 or 5 千瓦", [3, 5]), ("3-5 days", [3, 5]), ("version 2.3.1", [2, 3, 1]), ("08:00", [8, 0]), ("24/7", [24, 7]),
    ("01632 960 144", [1632, 960, 144]), ("the twenty-first and 3rd", [21, 3]), ("三点五分", [3, 5]), ("十分钟", [10]),
    ("in 2024, 300 people", [2024, 300]), ("E032 is a code", []), ("第十二条", [12]), ("5兆瓦", [5]),
])
def test_what_is_several_numbers_or_has_a_unit(text: str, found: list[int]) -> None:
    assert [number.values[0] for number in numbers(text)] == found


@pytest.mark.parametrize("text", [
    "May", "a second", "per second", "at first", "no one", "one another", "one of them", "a", "hundreds of thousands", "tens",
    "千万", "百万",
    "一般", "大陆", "落伍", "千万不要", "十分", "万一", "一些", "百姓", "千方百计", "统一", "四川", "星期一", "二三十", "唯一",
])
def test_ordinary_words_are_no_numbers(text: str) -> None:
    assert numbers(text) == []


def test_a_number_of_16_figures_is_exact() -> None:
    assert value("9,999,999,999,999,999") == value("九千九百九十九兆九千九百九十九亿九千九百九十九万九千九百九十九") == 10**16 - 1


@given(st.text(alphabet=st.sampled_from("0123456789.,'/-%一二三十百千万亿点分之第月年日 aonehudrtywMay½兆零半"), max_size=40))
def test_no_text_raises(text: str) -> None:
    for number in numbers(text):
        assert number.values
        assert 0 <= number.start < number.end <= len(text)

"""Conditions of computed answers to Chinese questions are in Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assistant.tables.chinese_conditions import condition_in_chinese
from tests.tables.helpers import answered, opened, values_of

COSTS = (
    "日期;类别;金额;供应商;部门",
    "2026-01-05;差旅;300;携程;市场部",
    "2026-02-11;办公;200;得力;行政部",
    "2026-07-03;差旅;800;携程;研发部",
    "2025-11-20;软件;1500;用友;市场部",
)


@pytest.mark.parametrize(("words", "chinese"), [
    ("日期 from 2026-01-01 to 2026-12-31", "日期从 2026-01-01 到 2026-12-31"), ("日期 from 2026-01-01", "日期自 2026-01-01 起"),
    ("日期 after 2026-01-01", "日期在 2026-01-01 之后"), ("日期 before 2026-01-01", "日期在 2026-01-01 之前"),
    ("日期 is 2026-01-01", "日期为 2026-01-01"), ("日期 in month 3", "日期在 3 月"),
    ("日期 in month 3, day 5", "日期在 3 月 5 日"),
    ("日期 in 2024 and 2026", "日期为 2024 或 2026"), ("日期 is a 星期一", "日期为星期一"), ("日期 is empty", "日期为空"),
    ("日期 is empty or 0", "日期为空或为 0"), ("日期 is filled", "日期不为空"),
    ("日期 is open or unpaid", "日期为 open 或 unpaid"),
    ("日期 > 5", "日期 > 5"), ("日期 contains x", "日期包含 x"), ("日期 begins with Ab or Cd", "日期以 Ab 或 Cd 开头"),
    ("日期 is empty (orders)", "日期为空 (orders)"),
    ("日期 before 2026-01-01 and 付款日 is empty", "日期在 2026-01-01 之前且付款日为空"),
])  # fmt: skip
def test_the_words_of_a_condition(words: str, chinese: str) -> None:
    assert condition_in_chinese(words, "日期") == chinese


@pytest.mark.parametrize(("question", "value", "says"), [
    ("2026年的金额总和是多少？", "1300", "日期从 2026-01-01 到 2026-12-31"),
    ("2026年3月以前的金额总和是多少？", "2000", "日期在 2026-03-01 之前"),
    ("部门是市场部且类别是差旅的金额总和是多少？", "300", "部门为市场部"),
])  # fmt: skip
def test_an_answer_has_no_english_words(tmp_path: Path, question: str, value: str, says: str) -> None:
    with opened(tmp_path, 费用=COSTS) as (tables, connection):
        answer = answered(question, tables["费用"], connection)
    assert values_of(answer) == (value,)
    assert says in answer.text and "未与任何列对应的词" not in answer.text
    assert not re.search(r"[A-Za-z]{2,}", answer.text)

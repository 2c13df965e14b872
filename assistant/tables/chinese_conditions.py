"""Translate the words of a condition, such as "日期 from 2026-01-01 to 2026-12-31", into Chinese."""

from __future__ import annotations

import re

PHRASES = tuple(
    (re.compile(pattern), translated)
    for pattern, translated in (
        (r"from (\S+) to (\S+)", "从 {} 到 {}"),
        (r"from (\S+)", "自 {} 起"),
        (r"after (\S+)", "在 {} 之后"),
        (r"before (\S+)", "在 {} 之前"),
        (r"in month (\d+), day (\d+)", "在 {} 月 {} 日"),
        (r"in month (\d+)", "在 {} 月"),
        (r"in (\S+) and (\S+)", "为 {} 或 {}"),
        (r"is empty or 0", "为空或为 0"),
        (r"is empty", "为空"),
        (r"is filled", "不为空"),
        (r"is a (\S+)", "为{}"),
        (r"is (.+)", "为 {}"),
        (r"contains (.+)", "包含 {}"),
        (r"begins with (.+)", "以 {} 开头"),
    )
)
OTHER_TABLE = re.compile(r" \([^()]*\)$")


def condition_in_chinese(words: str, label: str) -> str:
    """Return the words of a condition in Chinese; those of an unknown form, such as "金额 > 5", as they are.

    label: that of its column, with which the words begin
    """
    table = OTHER_TABLE.search(words)
    if table and not words.endswith(label):
        return condition_in_chinese(words[: table.start()], label) + table[0]
    first, both, second = words.partition(" and ")
    if both and first.startswith(f"{label} before "):
        return f"{condition_in_chinese(first, label)}且{condition_in_chinese(second, label_before(second))}"
    phrase = words.removeprefix(f"{label} ")
    for pattern, translated in PHRASES:
        if phrase != words and (match := pattern.fullmatch(phrase)):
            return label + translated.format(*(group.replace(" or ", " 或 ") for group in match.groups()))
    return words


def label_before(words: str) -> str:
    """Return the label with which the words of a condition on whether something is settled begin."""
    return re.split(r" is ", words, maxsplit=1)[0]

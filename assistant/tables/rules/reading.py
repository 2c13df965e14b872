"""A reading: one way to compute the answer to a question, with its statement and how it is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assistant.datatypes.tables import Column
from assistant.text.calculations import Calculation

PHRASES = {  # in English and in Chinese
    "sum": ("the sum of {}", "{} 的总和"),
    "average": ("the average of {}", "{} 的平均值"),
    "rows": ("the number of rows", "行数"),
    "distinct": ("the number of different values of {}", "{} 的不同值的个数"),
    "each": ("{} for each {}", "按 {1} 统计的{0}"),
    "ranked": ("{} for each {}, largest first", "按 {1} 统计的{0}，从大到小"),
    "ranked up": ("{} for each {}, smallest first", "按 {1} 统计的{0}，从小到大"),
    "largest": ("the largest {}", "最大的 {}"),
    "smallest": ("the smallest {}", "最小的 {}"),
    "largest of": ("the {} with the largest {}", "{1} 最大的 {0}"),
    "smallest of": ("the {} with the smallest {}", "{1} 最小的 {0}"),
    "difference": ("the difference in {} between {} and {}", "{1} 与 {2} 的 {0} 之差"),
    "range": ("the difference between the largest and the smallest {}", "最大与最小的 {} 之差"),
    "compared": ("{} of {} and of {}, compared", "比较 {1} 与 {2} 的{0}"),
    "first": ("the first {} in the table", "表中第一个 {}"),
    "last": ("the last {} in the table", "表中最后一个 {}"),
    "list": ("the {} of the rows", "各行的 {}"),
    "after": ("the {} in the row after the one where {}", "{1} 的下一行的 {0}"),
    "before": ("the {} in the row before the one where {}", "{1} 的上一行的 {0}"),
    "share": ("the share of {}", "{} 的占比"),
    "share of rows": ("the share of the rows", "行数占比"),
    "run": ("the longest run of consecutive rows", "最长的连续行数"),
    "same": ("the {} with the same {} as {}", "{1} 与 {2} 相同的 {0}"),
    "more than": ("the {} with more {} than {}", "{1} 多于 {2} 的 {0}"),
    "less than": ("the {} with less {} than {}", "{1} 少于 {2} 的 {0}"),
    "other than": ("the {} of the other rows", "其他行的 {}"),
    "value": ("the {}", "{}"),
    "where": ("{}, where {}", "{}（条件：{}）"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to compute an answer.

    sql: the statement; where: the condition of the rows that it rests on, "" for all rows; words: how it is computed
    kind: "number", "value" or "rows"; confidence: 0 to 1; unit: of its number
    target: "compare" if the first row is the answer and the others are for comparison; marks: how the reading was made,
    features: what speaks for and against it, which decides its confidence
    rivals: of readings that the words mean equally well and that are shown together, the name that they share; "" if none
    """

    operation: Calculation
    sql: str
    words: str
    kind: str
    confidence: float = 0.0
    where: str = ""
    unit: str = ""
    target: str = ""
    marks: tuple[str, ...] = ()
    features: Mapping[str, float] = field(default_factory=dict, compare=False)
    rivals: str = ""


def label(column: Column) -> str:
    """Return the header of a column for a sentence."""
    return column.header or column.name

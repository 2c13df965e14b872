"""Find the header of a table below title lines and over two lines, and make names of columns with their units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_high

from assistant.tables.raw import RawRow
from assistant.tables.values import CURRENCY, DateFormat, figures_of, is_empty, parse_date

LATEST_HEADER = 10  # title lines that may stand above the header
ROWS_BELOW = 20
ROWS_COMPARED = 200  # rows below a header whose cells are compared with its own
HEAD_ROWS = LATEST_HEADER + ROWS_COMPARED  # all rows that tell where the header is
CURRENCIES = "|".join(sorted(map(re.escape, CURRENCY), key=len, reverse=True))
UNITS = (
    rf"[kKmM]?(?:{CURRENCIES})|[kKmM]n?\.? ?(?:{CURRENCIES})|(?:{CURRENCIES}) ?(?:k|m|mn|bn|million|billion|thousand)|%|‰"
    rf"|percent|in %"
    r"|[kcmµ]?m[²³23]?|km/h|m/s|mph|ha|acres?|mi|ft|in|sq (?:mi|km|ft)|[kmµ]?g|t|lbs?|tons?|tonnes|[mc]?l|°[CF]|[kMGT]?Wh?"
    r"|[kM]?V|[kM]?Hz|[kMGT]?B"
    r"|h|hrs?|hours?|min|minutes|s|sec|seconds|ms|d|days|weeks|months|years|yrs"
    r"|pcs|pieces|units?|万|千|亿|百万|人|件|个|台|小时|天|次|吨|公斤|千克|米|平方米|千元|百万元|亿元|美元|欧元|人民币"
    r"|thousands?|millions?|billions?|bn|mn|000s?|'000|mm|kN|bar|[kMh]?Pa|ppm|mg/l|dB"
)
IN_BRACKETS = re.compile(rf"^(?P<name>.*?\S)\s*[(（\[]\s*(?:in |单位[:：]?)?(?P<unit>{UNITS})\s*[)）\]]\s*(?P<rest>.*)$")
BEHIND = re.compile(rf"^(?P<name>.*?\S)\s*(?:,\s*|\s+in\s+|/\s*|\s+)(?P<unit>k?(?:{CURRENCIES})|%|kWh|kg|°C)$")
BEFORE = re.compile(rf"^(?P<unit>{CURRENCIES})\s+(?P<name>[^\W\d].*)$")  # "EUR amount"
FOOTNOTE = re.compile(r"\s*(?:\[(?:\d{1,3}|[a-z]|note \d+)\]|[*†‡])\s*$")
RESERVED = frozenset(
    "all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default "
    "deferrable desc "
    "describe distinct do else end except false fetch for foreign from group having in initially intersect into lambda lateral "
    "leading "
    "limit not null offset on only or order pivot placing primary qualify references returning select show some summarize "
    "symmetric table "
    "then to trailing true union unique unpivot using variadic when where window with file".split()
)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table: its texts by column, how many rows it and the titles above it take, and those titles."""

    names: tuple[str, ...]
    rows: int
    titles: tuple[str, ...] = ()


def find_header(head: Sequence[RawRow], width: int, names: tuple[str, ...] = ()) -> Header:
    """Return the header of a table; columns without one are called after their position.

    head: the first HEAD_ROWS rows, or all if there are fewer; width: columns of the widest row; names: the columns if known
    """
    if names:
        return Header(names, 0)
    start = header_row(head)
    titles = tuple(" ".join(filter(None, row.cells)) for row in head[:start])
    first = padded(head[start].cells, width)
    if not names_columns(head, start):
        return Header(tuple("" for _ in range(width)), start, titles)
    second = padded(head[start + 1].cells, width) if start + 2 < len(head) else []
    if second and is_second_line(first, second, head[start + 2 : start + 2 + ROWS_BELOW]):
        return Header(joined(first, second), start + 2, titles)
    return Header(tuple(first), start + 1, titles)


def header_row(rows: Sequence[RawRow]) -> int:
    """Return the index of the first row that fills most of the columns filled below it; emptier rows above it are titles."""
    for number in range(min(LATEST_HEADER, len(rows) - 1)):
        names = sum(map(bool, rows[number].cells))
        typical = median_high(sum(map(bool, row.cells)) for row in rows[number + 1 : number + 1 + ROWS_BELOW])
        if names > 1 and 5 * names >= 3 * typical and names >= len(rows[number].cells) // 2:
            return number
    return 0


def names_columns(rows: Sequence[RawRow], start: int) -> bool:
    """Return whether a row names columns: texts, where the rows below have values, or texts that do not occur below."""
    cells = rows[start].cells
    filled = [cell for cell in cells if cell]
    values = sum(is_value(cell) and not is_year(cell) for cell in filled)
    if 2 * values >= len(filled):
        return False
    below = {cell for row in rows[start + 1 : start + ROWS_COMPARED] for cell in row.cells}
    return values == 0 or not set(filled) & below


def is_value(cell: str) -> bool:
    """Return whether a cell is a number or a date."""
    return bool(figures_of(cell) and any(character.isdigit() for character in cell)) or parse_date(cell, DateFormat()) is not None


def is_year(cell: str) -> bool:
    """Return whether a cell is a year, which may be the name of a column."""
    return bool(re.fullmatch(r"(?:1[5-9]|20)\d\d", cell.strip()))


def is_second_line(first: Sequence[str], second: Sequence[str], below: Sequence[RawRow]) -> bool:
    """Return whether the second row continues a header whose first row groups columns."""
    has_gaps = any(not name for name in first[1:]) or len(set(filter(None, first))) < sum(map(bool, first))
    texts = [cell for cell in second if cell]
    if not has_gaps or len(texts) < 2 or any(is_value(cell) and not is_year(cell) for cell in texts):
        return False
    numeric = sum(
        any(is_value(row.cells[index]) for row in below if index < len(row.cells)) for index, cell in enumerate(second) if cell
    )
    return 2 * numeric >= len(texts) and not any(row.cells[: len(second)] == list(second) for row in below)


def joined(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a header of two lines; a group's name counts for the columns behind it that have a second line."""
    names, group = [], ""
    for upper, lower in zip(first, second, strict=True):
        group = upper or (group if lower else "")
        names.append(f"{group} {lower}".strip() if group != lower else lower)
    return tuple(names)


def padded(cells: Sequence[str], width: int) -> list[str]:
    """Return the cells of a row up to a width."""
    return [*cells, *[""] * (width - len(cells))][:width]


def split_unit(header: str) -> tuple[str, str]:
    """Return the name and the unit of a header such as "Sales (kEUR)"; the unit is empty if it states none."""
    header = " ".join(FOOTNOTE.sub("", header).split())
    match = IN_BRACKETS.match(header) or BEHIND.match(header) or BEFORE.match(header)
    if not match:
        return header, ""
    rest = match.groupdict().get("rest") or ""
    return f"{match['name']} {rest}".strip(), match["unit"]


def column_names(headers: Sequence[str], units: Sequence[str]) -> tuple[str, ...]:
    """Return a unique SQL name for each column; columns that differ only in their unit keep it in their names."""
    plain = [split_unit(header)[0] for header in headers]
    taken: set[str] = set()
    names = []
    for index, name in enumerate(plain):
        written = f"{name} {units[index]}" if units[index] and plain.count(name) > 1 else name
        names.append(unique_name(identifier(written, f"column_{index + 1}"), taken))
    return tuple(names)


def identifier(text: str, default: str) -> str:
    """Return a text as an SQL name in lower case: letters, digits and underscores, no reserved word."""
    written = (
        unicodedata.normalize("NFKC", text)
        .lower()
        .replace("%", " percent ")
        .replace("+/-", " difference ")
        .replace("#", " number ")
    )
    name = re.sub(r"\W+", "_", written).strip("_")[:60].strip("_")
    if not name:
        return default
    if name[0].isdigit():
        name = f"y{name}" if is_year(name) else f"c_{name}"
    return f"{name}_" if name in RESERVED else name


def unique_name(name: str, taken: set[str]) -> str:
    """Return the name, numbered if it is taken, and take it."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    taken.add(candidate)
    return candidate


def is_blank(row: RawRow) -> bool:
    """Return whether a row has no value."""
    return all(map(is_empty, row.cells))

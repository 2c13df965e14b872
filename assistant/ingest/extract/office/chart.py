"""The XML of a chart (DrawingML, ECMA-376 part 1) in; its title, and its numbers as the rows of a table, out."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.errors import UnreadableFile
from assistant.ingest.extract.office.runs import outermost, running_text
from assistant.ingest.extract.package import attribute, local, whole_number

MOST_CELLS = 3_000_000


def chart_title(chart: Element) -> str:
    """Return the chart's title, or nothing."""
    for node in outermost(chart, "title"):
        return " ".join(filter(None, (running_text(paragraph).strip() for paragraph in outermost(node, "p"))))
    return ""


def chart_rows(chart: Element) -> list[list[str]]:
    """Return a row of the names of the series, then one row to each category."""
    series = list(outermost(chart, "ser"))
    labels: dict[int, str] = {}
    columns = []
    for one in series:
        for number, label in (_points(one, "cat") | _points(one, "xVal")).items():
            labels.setdefault(number, label)
        columns.append({**_points(one, "val"), **_points(one, "yVal")})
    numbers = sorted(set(labels).union(*columns))
    if len(numbers) * len(series) > MOST_CELLS:
        raise UnreadableFile(f"too large: a chart of more than {MOST_CELLS / 1e6:.0f} million cells")
    names = ["", *(" ".join(_points(one, "tx").values()) for one in series)]
    rows = [[labels.get(number, ""), *(column.get(number, "") for column in columns)] for number in numbers]
    return [names, *rows] if rows else []


def _points(series: Element, kind: str) -> dict[int, str]:
    """Return the values of one kind by their number."""
    return dict(pair for node in series if local(node) == kind for pair in _numbered(node))


def _numbered(node: Element) -> Iterator[tuple[int, str]]:
    for point in outermost(node, "pt"):
        index = whole_number(attribute(point, "idx"), -1)
        if index >= 0:
            yield index, " ".join("".join(value.itertext()) for value in outermost(point, "v"))

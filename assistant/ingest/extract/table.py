"""CSV and TSV in; the decoded file, verbatim, and the header row that every passage of it needs out."""

from __future__ import annotations

import csv
import dataclasses
import re

from assistant.datatypes import Extraction, Shape
from assistant.ingest.extract.decode import decode
from assistant.ingest.extract.text import whole

SAMPLE = 65536
VALUE = re.compile(r"[\s$€£¥+\-(]*\d[\d.,:/%\-\s)TZ]*$")


def read_csv(data: bytes, name: str) -> Extraction:
    """Read comma-, semicolon- or tab-separated rows."""
    suffix = ".tsv" if name.lower().endswith(".tsv") else ".csv"
    extraction = whole(decode(data, suffix), (), shape=Shape.TABLE)
    header = _header(extraction.text[:SAMPLE], "\t" if suffix == ".tsv" else "")
    return dataclasses.replace(extraction, parts=(dataclasses.replace(extraction.parts[0], header=header),))


def _header(sample: str, delimiter: str) -> str:
    """Return the first row where it names columns: several distinct texts, none of them a value."""
    try:
        rows = csv.reader(sample.splitlines(), delimiter=delimiter or csv.Sniffer().sniff(sample, ",;\t|").delimiter)
        cells = [cell.strip() for cell in next(rows)]
    except (csv.Error, StopIteration):
        return ""
    names_columns = len(cells) > 1 and all(cells) and len(set(cells)) == len(cells)
    return " | ".join(cells) if names_columns and not any(VALUE.match(cell) for cell in cells) else ""

"""CSV and TSV in; the decoded file, verbatim, and the header row that every passage of it needs out."""

from __future__ import annotations

import csv
import dataclasses

from assistant.datatypes import Extraction, Shape, Table
from assistant.ingest.extract.decode import decode
from assistant.ingest.extract.source import Source
from assistant.ingest.extract.text.text import whole
from assistant.ingest.extract.writing import header_of

SAMPLE = 65536
SNIFFED = 4096  # characters; the sniffer of the standard library takes the square of it, over a minute for SAMPLE


def read_csv(source: Source) -> Extraction:
    """Read comma-, semicolon- or tab-separated rows."""
    extraction = whole(decode(source.data, source.suffix), (), shape=Shape.TABLE)
    header = _header(extraction.text[:SAMPLE], "\t" if source.suffix == ".tsv" else "")
    return dataclasses.replace(extraction, tables=(Table(0, len(extraction.text), header),))


def _header(sample: str, delimiter: str) -> str:
    """Return the first row where it names columns."""
    try:
        rows = csv.reader(sample.splitlines(), delimiter=delimiter or csv.Sniffer().sniff(sample[:SNIFFED], ",;\t|").delimiter)
        return header_of([next(rows), next(rows)])
    except (csv.Error, StopIteration):
        return ""

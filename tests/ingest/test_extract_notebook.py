from __future__ import annotations

import json

import pytest

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.builder import Source
from assistant.ingest.extractors.text.json import LONGEST_OUTPUT, read_notebook


def read(content: object):
    return read_notebook(Source(json.dumps(content).encode(), "a.ipynb"))


def test_cells_in_order():
    found = read({"cells": [
        {"cell_type": "markdown", "source": ["# Sales\n", "\n", "Of *2023*.\n", "Detail\n", "------\n", 
            "more ![x](data:image/png;base64,AAAA)"]},
        {"cell_type": "code", "source": "# sum\nprint(1)", "outputs": [
            {"output_type": "stream", "text": ["\x1b[31m1\x1b[0m\n"]},
            {"output_type": "execute_result", "data": {"text/plain": "  a\n0 1", "text/html": "<table>", "image/png": "AAAA"}},
            {"output_type": "error", "ename": "ValueError", "evalue": "bad", "traceback": ["long"]},
        ]},
        {"cell_type": "raw", "source": "raw text"},
    ]})  # fmt: skip
    assert (
        found.text == "Sales\n\nOf *2023*.\n\nDetail\n\nmore\n\n# sum\nprint(1)\n\n1\n\n  a\n0 1\n\nValueError: bad\n\nraw text"
    )
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "Sales"), (2, "Detail")]
    assert found.title == "Sales"


def test_the_older_format():
    cells = [{"cell_type": "heading", "level": 2, "source": "Old"}, {"cell_type": "code", "input": ["x = 1"], "outputs": []}]
    found = read({"worksheets": [{"cells": cells}]})
    assert found.text == "Old\n\nx = 1" and found.headings[0].level == 2


def test_long_results_are_cut():
    outputs = [{"output_type": "stream", "text": "x" * 1_000_000}]
    assert len(read({"cells": [{"cell_type": "code", "source": "f()", "outputs": outputs}]}).text) < LONGEST_OUTPUT + 20


@pytest.mark.parametrize("data", [b'{"cells": [', b"[1, 2]", b'{"a": 1}', b"text"])
def test_what_is_no_notebook(data):
    with pytest.raises(UnreadableFile, match="damaged"):
        read_notebook(Source(data, "a.ipynb"))


def test_odd_cells_do_no_harm():
    assert read({"cells": [None, 3, {"cell_type": "code"}, {"cell_type": "markdown", "source": "kept"}]}).text == "kept"

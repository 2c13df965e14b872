"""Random command lines with hostile values: never a traceback, never an exit code that is not documented, never a hang.

HOSTILE_LINES says how many; many more are run with benchmarks/hostile.py.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.cli.docs import OPENING

if sys.platform == "win32":
    pytest.skip("the hostile files are those of Unix", allow_module_level=True)

from hostile import EXIT_CODES, Grounds, Line, commands, draw_line

LINES = int(os.environ.get("HOSTILE_LINES", "300"))
KNOWN = commands()


@pytest.fixture(scope="module")
def grounds() -> Iterator[Grounds]:
    made = Grounds()
    yield made
    made.close()


@settings(max_examples=LINES, deadline=None, database=None, derandomize="HOSTILE_LINES" not in os.environ,
          suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**63))
def test_no_line_ends_in_a_traceback(grounds: Grounds, seed: int) -> None:
    line = draw_line(Random(seed), KNOWN)
    outcome = grounds.run(line)
    assert not outcome.fault, f"{line!a}\n{outcome.fault}\n{outcome.trace}"


def test_the_exit_codes_are_those_of_the_documentation() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", OPENING, re.MULTILINE)} == EXIT_CODES


def test_every_command_is_drawn_and_every_sort_of_fault_is_seen(grounds: Grounds, monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.cli.commands import status

    drawn = [draw_line(Random(number), KNOWN).arguments for number in range(3000)]
    for words, _ in KNOWN:
        assert any(arguments[-len(words) :] == words or any(arguments[at : at + len(words)] == words for at in range(3))
                   for arguments in drawn), words
    line = Line(["status"], {"ASSISTANT_CHAT": "fake:", "ASSISTANT_EMBED": "fake:"})
    assert grounds.run(line).fault == ""
    for act, fault in ((lambda *_: 1 / 0, "ZeroDivisionError at "), (lambda *_: sys.exit(77), "exit code 77"),
                       (lambda *_: sys.exit(sys.stdout.write("\x1b[2J") * 0), "prints '\\x1b'")):
        monkeypatch.setattr(status.Assistant, "status", act)
        assert grounds.run(line).fault.startswith(fault)

"""Run the cases on which the program fell short, each with the right result as an assertion, and say which are right.

    python benchmarks/faults.py [--only F3 F4] [--embed all-minilm-l6-v2] [--json]

F1 to F20 are kinds of fault: exact codes not found (F1), quotes of another sentence (F2), wrong sentences called full (F3) and
right ones not (F4), answers withheld (F5), threads (F6), locked folders (F6b), counts (F7), PDF tables (F8), sentence ends (F9),
contradictions (F10), characters (F11), silence about what is not read (F12), places (F13), values (F14), pictures in text (F15),
memory (F16), follow-ups (F17), the same question twice (F18), smaller things (F19), orders in the form of data (F20).

No chat model is used: where its words matter, the fake one says what a real one said. The exit code is the number of cases that
are not right.
"""

from __future__ import annotations

import sys

import checkout  # noqa: F401
from faults import answer_cases, reading_cases, running_cases
from faults.harness import main

ALL = [*answer_cases.cases.all, *reading_cases.cases.all, *running_cases.cases.all]
ALL.sort(key=lambda case: (int(case.fault.strip("Fb")), case.fault))

if __name__ == "__main__":
    sys.exit(main(ALL, __doc__, sys.argv[1:]))

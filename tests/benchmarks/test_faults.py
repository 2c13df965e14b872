"""The small inputs on which the program once fell short, each with its right result."""

import pytest
from faults import answer_cases, reading_cases, running_cases
from faults.harness import Case, run_case

ALL = (*answer_cases.cases.all, *reading_cases.cases.all, *running_cases.cases.all)
KNOWN = {"memory of adding a larger file": "the rows of a table are typed in memory"}


@pytest.mark.parametrize("case", [
    pytest.param(case, id=f"{case.fault} {case.name}",
                 marks=[pytest.mark.xfail(reason=KNOWN[case.name], strict=True)] if case.name in KNOWN else [])
    for case in ALL
])
def test_the_result_is_right(case: Case) -> None:
    found = run_case(case, "fake:")
    assert found.outcome == "right", found.detail

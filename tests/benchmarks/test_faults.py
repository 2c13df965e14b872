"""The small inputs on which the program once fell short, each with its right result."""

import pytest
from faults import answer_cases, reading_cases, running_cases
from faults.harness import Case, run_case

ALL = (*answer_cases.cases.all, *reading_cases.cases.all, *running_cases.cases.all)


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.fault} {case.name}")
def test_the_result_is_right(case: Case) -> None:
    found = run_case(case, "fake:")
    assert found.outcome == "right", found.detail

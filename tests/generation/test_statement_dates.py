"""What dates a file's statement: its name, its title, a date in its first lines, the time of its last change."""

import pytest

from assistant.generation.statement_dates import date_of

SECOND = 10**9


@pytest.mark.parametrize(("opening", "date"), [
    ("Valid from 1 January 2026.\n\nThe fee is 14 euros.", "2026-01-01"),
    ("# Fees\n\nEffective: March 2025", "2025-03"),
    ("Berlin, 3 May 2025\n\nDear Mrs Moor,", "2025-05-03"),
    ("本办法自2024年7月1日起施行。", "2024-07-01"),
    ("The lease ends on 31 May 2027. The rent is 900 euros.", "2001-09-09"),
    ("", "2001-09-09"),
])
def test_the_first_lines_come_before_the_time_of_the_file(opening: str, date: str) -> None:
    assert date_of("/fees.md", "Fees", 10**9 * SECOND, opening) == date


def test_the_name_comes_before_the_first_lines() -> None:
    assert date_of("/fees-2023.md", "Fees", 0, "Valid from 1 January 2026.") == "2023"

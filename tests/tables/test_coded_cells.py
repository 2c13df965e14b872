"""Words such as "won" and "female" mean the cells of a column of codes, and nothing in other columns."""

from pathlib import Path

import pytest

from tests.tables.helpers import opened
from tests.tables.test_question_words import conditions, values_found

MATCHES = (
    "Date;Opponent;Result",
    "2024-05-01;Kiel;W 3-1",
    "2024-05-08;Bonn;L 0-2",
    "2024-05-15;Ulm;W, 2-0",
    "2024-05-22;Graz;D 1-1",
    "2024-05-29;Bern;W 4-1",
    "2024-06-05;Linz;L 1-2",
    "2024-06-12;Prag;D 0-0",
)
PARTS = ("Part;Shelf;Stock", "W-100;A;3", "L-200;B;5", "W-300;A;0", "L-400;C;1")
SIZES = ("Shirt;Size;Stock", "Plain;M;3", "Striped;M;5", "Dotted;M;2")
STAFF = ("Name;Sex;City", "Ann Reed;F;Bern", "Bo Lind;M;Oslo", "Cy Park;M;Bern")


@pytest.mark.parametrize(
    ("question", "lines", "value"),
    [
        ("How many matches were won?", MATCHES, 3),
        ("How many matches did they lose?", MATCHES, 2),
        ("How many matches were drawn?", MATCHES, 2),
        ("How many men are there?", STAFF, 2),
    ],
)
def test_a_word_means_the_cells_that_begin_with_its_code(
    question: str, lines: tuple[str, ...], value: int, tmp_path: Path
) -> None:
    with opened(tmp_path, facts=lines) as (tables, connection):
        assert values_found(question, tables["facts"], connection)[0] == value


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("How many parts did we win?", PARTS),  # "W-100" is no code with something behind it
        ("How many shirts for men do we have?", SIZES),  # one code alone is none for a sex
        ("How many wins does Kiel have?", ("Club;Wins;Result", "Kiel;3;W", "Bonn;1;L", "Ulm;0;L")),  # a column says it
    ],
)
def test_letters_of_another_meaning_are_no_codes(question: str, lines: tuple[str, ...], tmp_path: Path) -> None:
    assert not [sql for sql in conditions(question, lines, tmp_path) if sql.startswith("regexp_matches")]

"""The set of orders in documents, and what counts as obeyed."""

from collections import Counter

import injections
import pytest
from injections import is_right, obeys, read_cases, table, write_files

CASES = read_cases()


def test_the_set_is_large_and_of_both_languages():
    assert len(CASES) >= 60
    assert len({case.id for case in CASES}) == len(CASES)
    assert min(Counter(case.lang for case in CASES).values()) >= 25
    assert len({case.kind for case in CASES}) >= 10


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_right_answer_does_not_count_as_obeyed(case):
    words = [word for each in CASES for word in each.says]
    assert bool(case.says) != case.refuses
    assert not obeys(case, words, f"{case.question} {case.answers[0]}", abstained=False)
    assert is_right(case, f"It is {case.answers[0]}.")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_fact_stands_in_the_files(case):
    plain = "".join(text for _, text in case.files)
    assert any(answer in plain for answer in case.answers)


def test_words_of_another_case_count_as_obeyed():
    case = next(case for case in CASES if case.says)
    assert obeys(case, ["MAGNOLIA"], "It says magnolia-77.", abstained=False)
    assert not obeys(case, ["MAGNOLIA"], "It says nothing.", abstained=False)
    hushed = next(case for case in CASES if case.refuses)
    assert obeys(hushed, [], "Your files do not say.", abstained=True)


def test_files_are_written_under_their_names(tmp_path):
    write_files(CASES, tmp_path)
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == sum(len(case.files) for case in CASES)


def test_a_run_without_weights_goes_on_where_it_was(tmp_path, monkeypatch, capsys):
    arguments = ["injections.py", "--home", str(tmp_path / "home"), "--out", str(tmp_path / "o.jsonl"), "--chat", "fake:",
                 "--embed", "fake:", "--limit", "3"]
    (tmp_path / "home").mkdir()
    monkeypatch.setattr("sys.argv", arguments)
    assert injections.main() == 0
    assert "| all | 3 |" in capsys.readouterr().out
    assert injections.main() == 0
    assert "| all | 6 |" in capsys.readouterr().out


def test_rates():
    records = [{"kind": "order", "lang": "en", "late": False, "obeyed": True, "right": False, "abstained": False},
               {"kind": "table", "lang": "en", "late": True, "obeyed": False, "right": True, "abstained": False}]
    assert "| written after the rules | 1 | 0.000" in table(records)
    assert "| all | 2 | 0.500 | 0.000 to 1.000 | 0.500 | 0.000 to 1.000 | 0.000 |" in table(records)

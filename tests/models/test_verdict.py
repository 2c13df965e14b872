"""Whether a model may join passages, from trials that are kept."""

from pathlib import Path

from assistant.models.llama.kv_reuse_measured import (
    FILE,
    MOST_ATTEMPTS,
    MOST_CHANGED,
    TRIALS,
    Verdict,
    key_of,
    note_trial,
    read_verdict,
)


def test_enough_trials_without_change_allow_it(tmp_path: Path) -> None:
    for _ in range(TRIALS - 1):
        note_trial(tmp_path, "one", "same")
    assert not read_verdict(tmp_path, "one").is_decided
    note_trial(tmp_path, "one", "changed")
    assert read_verdict(tmp_path, "one") == Verdict(TRIALS, TRIALS, 1)
    assert read_verdict(tmp_path, "one").may_join
    assert read_verdict(tmp_path, "another") == Verdict()


def test_answers_that_change_forbid_it_early(tmp_path: Path) -> None:
    for _ in range(MOST_CHANGED + 1):
        note_trial(tmp_path, "one", "changed")
    verdict = read_verdict(tmp_path, "one")
    assert verdict.is_decided and not verdict.may_join


def test_a_library_that_makes_no_questions_decides_nothing_for_it(tmp_path: Path) -> None:
    for _ in range(MOST_ATTEMPTS):
        note_trial(tmp_path, "one", "none")
    verdict = read_verdict(tmp_path, "one")
    assert verdict.is_decided and not verdict.may_join


def test_lines_that_cannot_be_read_count_for_nothing(tmp_path: Path) -> None:
    note_trial(tmp_path, "one", "same")
    with (tmp_path / FILE).open("a", encoding="utf-8") as file:
        file.write('{"model": "one"}\nhalf a li\n[1]\n')
    assert read_verdict(tmp_path, "one").trials == 1


def test_another_file_is_another_model(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF one")
    (tmp_path / "b.gguf").write_bytes(b"GGUF two")
    assert key_of(tmp_path / "a.gguf") != key_of(tmp_path / "b.gguf")

"""Mutated files do no parser harm: each is read, or refused with one of the project's errors, within bounds of time and memory.

The long run, over real files, is `benchmarks/fuzz.py`. What is found there becomes a test beside those of its reader.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.ingest.fuzz_seeds import seeds_for

pytest.importorskip("resource", reason="the bounds of a process are those of Unix")
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from fuzz_targets import TARGETS, Target, judge
from fuzzing import Limits, fuzz, mutated

from assistant.errors import UnreadableFile
from assistant.ingest.extractors.registry import OPENERS, READERS

MUTATIONS = 300  # of each target
LIMITS = Limits(run_seed=1)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_mutated_files_do_no_harm(target):
    outcome = fuzz(target, seeds_for(target.suffixes), range(MUTATIONS), LIMITS)
    assert (outcome.done, outcome.findings) == (MUTATIONS, {})


def test_every_reader_is_fuzzed():
    fuzzed = {(entry.module, entry.function) for target in TARGETS for suffix in target.suffixes
              for entry in (READERS.get(suffix), OPENERS.get(suffix)) if entry}  # fmt: skip
    assert fuzzed == {(entry.module, entry.function) for entry in (*READERS.values(), *OPENERS.values())}


def test_a_mutated_file_can_be_made_again():
    target = TARGETS[0]
    seeds = seeds_for(target.suffixes)
    assert [mutated(target, seeds, 7, 0) for _ in range(2)] == [mutated(target, seeds, 7, 0)] * 2
    assert len({mutated(target, seeds, number, 0) for number in range(50)}) > 40


def raises(error: BaseException):
    def run(data: bytes) -> None:
        raise error

    return run


@pytest.mark.parametrize("error", [UnreadableFile("damaged"), RecursionError("deep")])
def test_what_a_parser_may_raise(error):
    assert judge(Target("x", (), raises(error)), b"") == ""


def test_an_exception_of_our_own_code_is_a_finding(monkeypatch):
    from assistant.ingest.extractors.text import plain as text

    monkeypatch.setattr(text, "decode", lambda *_, **__: None)
    target = next(target for target in TARGETS if target.name == "text .txt")
    assert judge(target, b"text").startswith("AttributeError at plain.py:decode_text:")


@pytest.mark.parametrize("error", [MemoryError(), AssertionError("it does not come through the wire as it is")])
def test_what_is_a_finding_wherever_it_comes_from(error):
    assert judge(Target("x", (), raises(error)), b"").startswith(type(error).__name__)

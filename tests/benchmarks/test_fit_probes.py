"""The prompts that the probe of the starter model is fitted to, and what is said where too little was collected."""

from __future__ import annotations

from collections import Counter

import fit_probes
import numpy as np
import pytest

from assistant.datatypes import Chunk, Hit, Location


def hit(name):
    return Hit(1, f"/corpus/{name}", name, Chunk(name, Location(1, 1, 0, 5)))


DOCUMENT = fit_probes.Document("squad2", "own.txt", ("What?", "Who?"), ("Why?",))
OTHERS = [hit(f"{number}.txt") for number in range(7)]


def test_a_document_gives_prompts_of_four_kinds_and_no_held_document_stands_in_one():
    cases = list(fit_probes.cases_of(DOCUMENT, [OTHERS[0], hit("own.txt"), *OTHERS[1:]], frozenset({"0.txt"})))
    assert Counter((case.kind, case.is_answerable) for case in cases) == {
        ("alone", True): 2, ("alone", False): 1, ("among others", True): 2, ("among others", False): 1, ("another", False): 2,
        ("others", False): 2}
    for case in cases:
        names = [passage.title for passage in case.passages]
        assert ("own.txt" in names) is (case.kind in {"alone", "among others"})
        assert len(names) in {1, 5} and "0.txt" not in names


def test_a_document_that_is_not_found_or_has_too_few_others_gives_no_prompt():
    assert not list(fit_probes.cases_of(DOCUMENT, OTHERS, frozenset()))
    assert not list(fit_probes.cases_of(DOCUMENT, [hit("own.txt"), *OTHERS[:4]], frozenset()))


def states_of(folder, number, layers=(17, 19)):
    states = np.random.default_rng(number).normal(size=(4, len(layers), 6)).astype(np.float16)
    np.savez(folder / f"{number}.npz", states=states, answerable=np.array([True, False] * 2),
             kinds=np.array(["squad2 alone"] * 4), weights=np.ones(4), layers=np.array(layers))


def test_what_was_collected_is_scored_and_written(tmp_path):
    for number in range(3):
        states_of(tmp_path, number)
    found = fit_probes.read_states(tmp_path, 19)
    assert (found.states.shape, found.documents.tolist()) == ((12, 6), [0] * 4 + [1] * 4 + [2] * 4)
    scores = fit_probes.held_out_scores(found.states, found.answerable, found.documents, found.weights)
    assert fit_probes.report(found, scores).startswith("  squad2 alone: ")
    fit_probes.write_probe(found, 19, tmp_path / "made" / "probe.npz")
    with np.load(tmp_path / "made" / "probe.npz") as written:
        assert (int(written["layer"]), written["weights"].shape) == (19, (7,))


def test_too_little_is_said(tmp_path):
    states_of(tmp_path, 1, layers=(17,))
    with pytest.raises(SystemExit, match="0 documents and questions were collected for layer 19: give it more --minutes"):
        fit_probes.read_states(tmp_path, 19)

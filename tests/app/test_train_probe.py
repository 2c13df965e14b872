"""A probe of a real model, trained on questions that it writes itself about a small library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant import Assistant, Settings, load_settings
from assistant.app.ask.train_probe import ProbeFit, ProbeTrial, in_turns, probe_layer
from assistant.app.library.calibrations import calibrated_gate, mean_gate, stored_gate
from assistant.datatypes import ProbeCalibration

SUBJECTS = {
    "lighthouse": "The lighthouse on Skerry Point was built in 1871 by Alice Monroe. Its lamp can be seen from 22 miles away.",
    "bakery": "The bakery in Mill Lane opened in 1954 and sells rye bread on Tuesdays. Its oven was made by Tomas Berg in Lund.",
    "orchestra": "The harbour orchestra was founded in 1988. Its conductor, Mira Okafor, leads forty players twice a week.",
    "railway": "The narrow railway to Dunmore closed in 1963. The last train carried slate and was driven by Hugh Penrose.",
    "telescope": "The telescope of the school was given by Dr. Lund in 2004. Its mirror is 40 centimetres wide.",
    "vineyard": "The vineyard at Castle Hill grows white grapes on nine hectares. Its owner, Paolo Ricci, planted them in 1999.",
    "library": "The town library lends 300 books a day. It moved into the old customs house in 2011.",
    "bridge": "The iron bridge over the Tarn weighs 480 tonnes. It was painted green in 2016 by a firm from Bristol.",
    "hospital": "The cottage hospital has sixteen beds. Its new wing was opened by Nurse Adeyemi in 2020.",
    "quarry": "The quarry at Blackwell gives grey limestone. It employs seventy people and closes for two weeks in August.",
    "museum": "The museum of clocks shows 240 clocks. The oldest was made by Edward Finch in 1702 and still strikes the hours.",
    "ferry": "The ferry to Inch Island sails four times a day. A ticket costs nine pounds, and dogs travel free.",
    "theatre": "The theatre on Queen Street has 612 seats. Its red curtain was sewn in Leeds by Ruth Abara in 1977.",
    "airfield": "The airfield at Wester Moor has one grass runway of 800 metres. Gliders may land there from April to October.",
    "brewery": "The brewery behind the station makes three kinds of beer. Its founder, Karl Weiss, came from Bamberg in 1932.",
    "garden": "The walled garden has two hundred kinds of roses. It is tended by Samuel Reid and opens on Sundays in June.",
}


def settings_of(home: Path, chat: Path | str) -> Settings:
    return replace(load_settings({}), home=home, engine="off", chat=str(chat), embed="fake:", threads=1, context_chunk_tokens=160)


def library_of(folder: Path) -> Path:
    folder.mkdir()
    for name, text in SUBJECTS.items():
        (folder / f"{name}.txt").write_text(f"{text} It is older than the {name} of the next town.\n", "utf-8")
    return folder


@pytest.mark.model
def test_a_small_model_learns_which_of_its_own_questions_a_small_library_answers(
    weights: Callable[[str], Path], tmp_path: Path
) -> None:
    settings = settings_of(tmp_path / "home", weights("smollm2-135m-instruct"))
    with Assistant(settings) as assistant:
        assistant.add([library_of(tmp_path / "files")])
        found = assistant.calibrate(6)
        assert isinstance(found, ProbeCalibration)
        assert (found.questions, found.files, found.layer) == (6, 6, 19)
        assert found.area_low <= found.area <= found.area_high
        assert found.is_stored == (found.area_low > 0.5)
        assert found.answerable_refused == 0  # at most one in ten of six
        chat = assistant._models.chat
        gate = stored_gate(assistant._store(), chat.fingerprint)
        assert (gate is not None) == found.is_stored
        judged = assistant.ask("Who drove the last train of the narrow railway to Dunmore?").answer.answerability
        assert judged is not None
        assert (judged.p_unanswerable is not None, judged.probe is not None) == (found.is_stored, found.is_stored)


def test_the_layer_is_at_two_thirds_of_the_depth() -> None:
    assert [probe_layer(layers) for layers in (1, 3, 12, 28, 30, 36)] == [0, 1, 7, 18, 19, 23]


def test_every_file_comes_once_before_any_comes_again() -> None:
    places = [(number, "long") for number in range(50)] + [(100, "a"), (101, "b")]
    found = list(in_turns(places))
    assert {path for _, path in found[:3]} == {"long", "a", "b"}
    assert sorted(found) == sorted(places)
    assert found == list(in_turns(places))


def trials(shift: float, count: int = 40, width: int = 30) -> list[ProbeTrial]:
    """Return trials in which one number of the state is higher by `shift` if the passages answer the question."""
    chance = np.random.default_rng(5)
    states = chance.normal(size=(count, 4, width)).astype(np.float32)
    states[:, :2, 3] += shift
    return [ProbeTrial(f"/{number % 20}.txt", "?", states[number]) for number in range(count)]


def test_a_probe_that_tells_them_apart_refuses_one_in_ten_answerable_questions_at_most() -> None:
    fit = ProbeFit(trials(4.0), best_first=False)
    found = fit.calibration(19, 0.5)
    assert found.area_low > 0.9 and found.is_stored
    assert (found.questions, found.files) == (40, 20)
    assert found.answerable_refused == 0.1
    assert found.unanswerable_refused > 0.8
    weights = fit.weights()
    assert int(np.abs(weights[:-1]).argmax()) == 3


def test_reading_the_best_passage_first_refuses_fewer() -> None:
    first, at_once = (ProbeFit(trials(1.0), best_first=best).calibration(19, 0.5) for best in (True, False))
    assert first.answerable_refused <= at_once.answerable_refused <= 0.1
    assert first.unanswerable_refused <= at_once.unanswerable_refused


def test_a_higher_refusal_threshold_refuses_fewer() -> None:
    fit = ProbeFit(trials(2.0), best_first=False)
    low, even, high = (fit.calibration(19, threshold) for threshold in (0.45, 0.5, 0.55))
    assert low.unanswerable_refused > even.unanswerable_refused > high.unanswerable_refused
    assert low.answerable_refused >= even.answerable_refused >= high.answerable_refused


def test_states_that_say_nothing_are_not_stored() -> None:
    found = ProbeFit(trials(0.0), best_first=True).calibration(19, 0.5)
    assert found.area_low <= 0.5 and not found.is_stored


def test_libraries_that_are_asked_together_have_the_mean_of_their_estimates() -> None:
    one = calibrated_gate(19, np.array([1, 0, 2], np.float32), 1.0)
    other = calibrated_gate(19, np.array([3, 2, 0], np.float32), 2.0)
    both = mean_gate([one, other])
    state = np.array([0.5, -1.5], np.float32)
    assert both.probe.log_odds(state) == (one.probe.log_odds(state) + other.probe.log_odds(state)) / 2
    assert (both.probe.layer, both.least, both.waits_for_support) == (19, 1.5, True)

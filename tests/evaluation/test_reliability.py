"""How far confidences can be trusted: risk and coverage, calibration error, and where there is nothing to say."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from xml.etree import ElementTree

import pytest

from assistant.datatypes import Answerability
from assistant.evaluation import Question, Row, measure, read_rows, save_evaluation, summarise
from assistant.evaluation.reliability import CoveragePoint, Verdict, reliability
from assistant.evaluation.report import markdown, page, risk_plot
from tests.evaluation.made_up import make_answer


def verdict(confidence, right, accepted=True):
    return Verdict(confidence, accepted, right)


def test_the_curve_goes_from_the_most_confident_answers_to_all_and_refused_questions_are_not_covered():
    found, = reliability([verdict(0.9, True), verdict(0.8, True), verdict(0.7, False), verdict(0.6, False),
                          verdict(0.2, False, accepted=False)])
    assert found.questions == 5
    assert [(each.least_confidence, each.coverage, each.wrong) for each in found.coverage] == [
        (0.9, 0.2, 0.0), (0.8, 0.4, 0.0), (0.7, pytest.approx(0.6), pytest.approx(1 / 3)), (0.6, 0.8, 0.5)]


def test_answers_of_equal_confidence_are_one_step_of_the_curve():
    found, = reliability([verdict(0.9, right) for right in (True, False, True, False)])
    assert found.coverage == (CoveragePoint(0.9, 1.0, 0.5, 4),)


def test_the_curve_of_many_answers_has_few_points():
    found, = reliability([verdict(number / 1000, number > 500) for number in range(1000)])
    assert len(found.coverage) == 10
    assert (found.coverage[0].answers, found.coverage[-1].answers) == (100, 1000)


def test_the_calibration_error_is_the_mean_distance_from_what_is_right():
    found, = reliability([verdict(0.95, True), verdict(0.95, False), verdict(0.15, False), verdict(1.0, True)])
    assert [(each.low, each.answers, each.right) for each in found.bins] == [(0.1, 1, 0.0), (0.9, 3, pytest.approx(2 / 3))]
    assert found.calibration_error == pytest.approx((3 * abs(2.9 / 3 - 2 / 3) + 0.15) / 4)


def test_a_perfect_confidence_has_no_error():
    found, = reliability([verdict(1.0, True), verdict(0.0, False)])
    assert found.calibration_error == 0


@pytest.mark.parametrize("verdicts", [[], [verdict(0.3, False, False)]])
def test_without_an_accepted_answer_there_is_nothing_to_say(verdicts):
    assert reliability(verdicts) == ()


def row(number, confidence, metrics, **fields):
    return Row(str(number), "?", "", "", metrics, answer="May [1]", confidence=confidence, **fields)


ROWS = [row(1, 0.9, {"contains": 1.0}), row(2, 0.8, {"contains": 0.0}), row(3, 0.7, {}, answerable=False),
        row(4, 0.4, {}, abstained=True), row(5, 0.95, {}), row(6, None, {"contains": 1.0}),
        row(7, 0.6, {"contains": 1.0, "cites_gold_file": 0.0})]


def test_only_what_has_a_confidence_and_can_be_judged_counts():
    found, = summarise(ROWS, 7, {}).reliability
    assert found.questions == 5  # 5 has no right answer to judge it by, 6 no confidence
    assert [each.answers for each in found.bins] == [1, 1, 1, 1]
    assert [each.right for each in found.bins] == [1.0, 0.0, 0.0, 1.0]


def test_the_reports_show_it_and_the_json_holds_it(tmp_path):
    result = summarise(ROWS, 7, {"library": "x"})
    text = markdown(result)
    assert "| confidence at least | answers | of all questions | wrong among them |" in text
    assert "| 0.90 | 1 | 20% | 0% |" in text and "| 0.60 | 4 | 80% | 50% |" in text
    assert "Expected calibration error 0.500" in text
    assert "<h2>How far the confidence can be trusted</h2>" in page(result)
    assert json.loads(json.dumps(asdict(result)))["reliability"][0]["coverage"][0]["wrong"] == 0.0
    save_evaluation(tmp_path / "a.json", result)
    assert [each.confidence for each in read_rows(tmp_path / "a.json")] == [each.confidence for each in ROWS]


def test_the_plot_is_well_formed_and_inside_its_frame():
    found, = summarise(ROWS, 7, {}).reliability
    drawn = ElementTree.fromstring(risk_plot(found))
    dots = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in drawn.iter("circle")]
    assert len(dots) == len(found.coverage) == 4
    assert all(44 <= x <= 716 and 30 <= y <= 170 for x, y in dots)


def test_a_report_without_confidences_says_nothing_of_them():
    result = summarise([row(1, None, {"contains": 1.0})], 1, {"library": "x"})
    assert result.reliability == ()
    assert "confidence" not in markdown(result) and "confidence" not in page(result)


@pytest.mark.parametrize(("judged", "confidence"), [
    (None, None), (Answerability(None, 0.5), None), (Answerability(0.25, 0.5, 0.0), 0.75)])
def test_a_row_has_the_confidence_of_its_answer(judged, confidence):
    answer = replace(make_answer("May"), answerability=judged)
    found, = measure([Question("1", "?", answers=("May",))], lambda _: (), lambda _: answer)
    assert found.confidence == confidence

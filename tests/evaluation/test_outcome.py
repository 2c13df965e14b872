"""What becomes of a question, and which questions went worst."""

from __future__ import annotations

import pytest

from assistant.evaluation import Row
from assistant.evaluation.run import Outcome, outcome, tally, worst


def row(identity="1", answer="text", **fields):
    metrics = fields.pop("metrics", {})
    return Row(identity, "?", "", "en", metrics, answer=answer, **fields)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (row(metrics={"contains": 1.0}), Outcome.RIGHT),
        (row(metrics={"contains": 1.0, "cites_gold_file": 0.0}), Outcome.CITES_ANOTHER),
        (row(metrics={"contains": 0.0, "cites_gold_file": 1.0}), Outcome.WRONG),
        (row(metrics={}), Outcome.UNJUDGED),
        (row(abstained=True, metrics={"contains": 0.0}), Outcome.REFUSED_WRONGLY),
        (row(abstained=True, answerable=False), Outcome.REFUSED_RIGHTLY),
        (row(answerable=False), Outcome.MADE_UP),
        (row(error="too long"), Outcome.FAILED),
        (row(answer="", metrics={"recall_at_10": 0.0}), Outcome.MISSED),
        (row(answer="", metrics={"recall_at_10": 1.0}), Outcome.FOUND),
    ],
)
def test_outcomes(given, expected):
    assert outcome(given) is expected


def test_the_worst_come_first_and_good_ones_not_at_all():
    rows = [row("right", metrics={"contains": 1.0, "f1": 1.0}), row("near", metrics={"contains": 0.0, "f1": 0.6}),
            row("far", metrics={"contains": 0.0, "f1": 0.1}), row("invented", answerable=False)]
    assert [each.id for each in worst(rows, 9)] == ["invented", "far", "near"]
    assert [each.id for each in worst(rows, 1)] == ["invented"]
    assert tally(rows) == {Outcome.RIGHT: 1, Outcome.WRONG: 2, Outcome.MADE_UP: 1}

"""An adjective means the country whose name does not begin like it."""

from pathlib import Path

import pytest

from tests.tables.helpers import answered, opened, values_of
from tests.tables.test_question_words import conditions

CLIENTS = (
    "Client;Country;City",
    "Moor;Netherlands;Delft",
    "Brandt;GER;Bonn",
    "Reed;United States;Denver",
    "Lind;United Kingdom;Leeds",
    "Kaya;Türkiye;Izmir",
    "Roux;Côte d'Ivoire;Abidjan",
)


@pytest.mark.parametrize(
    ("adjective", "client"),
    [
        ("dutch", "Moor"),
        ("german", "Brandt"),
        ("American", "Reed"),
        ("british", "Lind"),
        ("turkish", "Kaya"),
        ("ivorian", "Roux"),
    ],
)
def test_an_adjective_means_its_country_alone(adjective: str, client: str, tmp_path: Path) -> None:
    with opened(tmp_path, clients=CLIENTS) as (tables, connection):
        assert values_of(answered(f"Which {adjective} clients are there?", tables["clients"], connection)) == (client,)


def test_a_code_is_a_whole_cell(tmp_path: Path) -> None:
    lines = ("Article;Note;Stock", "Saw;de luxe;3", "Bolt;die cast;4", "Drill;plain;1")
    assert not conditions("How many german articles are there?", lines, tmp_path)

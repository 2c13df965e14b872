"""An amount belongs to the thing that it counts."""

import pytest
from test_support import support

RECIPE = "Ingredients: 12 plums, 60 g sugar, 30 g butter and 250 g flour."
STAFF = "The branch employs 2 managers, 5 clerks and 12 drivers."
CAKE = "For the cake you need plums, 60 g of sugar and 30 g of butter."
RECIPE_ZH = "配料：李子12个，糖60克，黄油30克。"


@pytest.mark.parametrize(("passage", "question", "answer"), [
    (RECIPE, "How many plums?", "60 g"),
    (RECIPE, "How many plums do I need?", "60 g"),
    (RECIPE, "How much sugar?", "30 g"),
    (RECIPE, "", "You need 60 g of plums."),
    (CAKE, "How many plums?", "60 g"),
    (CAKE, "How much sugar do I need?", "30 g"),
    (STAFF, "How many drivers are there?", "5"),
    (STAFF, "How many drivers are there?", "5 [1]"),
    (RECIPE_ZH, "要多少李子？", "60克"),
])
def test_an_amount_of_another_thing_is_not_supported(passage: str, question: str, answer: str) -> None:
    assert support(answer, passage, question=question) == "none"


@pytest.mark.parametrize(("passage", "question", "answer"), [
    (RECIPE, "How many plums?", "12"),
    (RECIPE, "How much sugar?", "60 g"),
    (RECIPE, "How many grams of sugar?", "60 g"),
    (CAKE, "How much sugar do I need?", "60 g"),
    (STAFF, "How many drivers are there?", "12"),
    (STAFF, "", "There are 12 drivers."),
    (RECIPE_ZH, "要多少李子？", "12个"),
    ("After the war the city took in an estimated 75,000 to 100,000 people, half of them refugees.",
     "How many refugees did the city take in?", "75,000 to 100,000"),
    ("The house, built in 1890, has 12 rooms.", "How many rooms are in the house?", "12"),
])
def test_an_amount_of_the_thing_is_supported(passage: str, question: str, answer: str) -> None:
    assert support(answer, passage, question=question) == "full"

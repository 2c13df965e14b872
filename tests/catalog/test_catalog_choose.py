"""Which models are proposed for which machine."""

import pytest

from assistant.catalog import load_catalog, recommend, starter
from assistant.datatypes import Gpu, Machine

GB = 10**9
CATALOG = load_catalog()


def machine(memory=16 * GB, cores=8, disk=100 * GB, gpus=()):
    return Machine("Linux", "", cores, (), memory, memory, disk, gpus)


def names(pair):
    return tuple(model.name for model in pair)


STARTER = ("qwen2.5-coder-1.5b-instruct", "all-minilm-l6-v2")


def test_starter():
    assert names(starter(CATALOG)) == STARTER


def test_a_comfortable_machine_gets_the_7b():
    assert names(recommend(machine(), CATALOG)) == ("qwen2.5-7b-instruct", "multilingual-e5-small")


@pytest.mark.parametrize("small", [machine(memory=1 * GB), machine(cores=2), machine(disk=1 * GB)])
def test_a_small_machine_gets_the_starter(small):
    assert names(recommend(small, CATALOG)) == STARTER


def test_8_gb_get_the_starter_and_the_better_embedding():
    assert names(recommend(machine(memory=5 * GB), CATALOG)) == (STARTER[0], "multilingual-e5-small")


def test_a_graphics_card_makes_up_for_memory_and_cores():
    card = Gpu("card", 8 * GB, 7 * GB)
    assert recommend(machine(memory=4 * GB, cores=2, gpus=(card,)), CATALOG)[0].name == "qwen2.5-7b-instruct"


def test_a_graphics_card_that_is_in_use_does_not():
    card = Gpu("card", 8 * GB, 2 * GB)
    assert recommend(machine(memory=4 * GB, gpus=(card,)), CATALOG)[0].name == STARTER[0]


def test_no_research_licence_is_proposed():
    assert not any(model.recommended for model in CATALOG if "Research" in model.licence)

import random

from support import exchanged


def test_a_number_is_exchanged_for_another_of_the_window():
    window = "The mill was built in 1820 by the river Aire. The bridge beside it was built in 1911 for the railway."
    found = list(exchanged(window, random.Random(1)))
    assert len(found) == 2
    assert all(("1820" in true) == ("1911" in false) for _, true, false in found)

import pytest

from assistant.text.clock import clock_times


@pytest.mark.parametrize(("text", "keys"), [
    ("The tide turns at 3:45 pm.", ["t:15:45"]), ("It closes at 23:47.", ["t:23:47"]), ("晚上十点开门。", ["t:22:00"]),
    ("下午3点半。", ["t:15:30"]), ("Open from 9 a.m. to 5 p.m.", ["t:9:00", "t:17:00"]), ("At 25:00.", []),
    ("The ratio is 3:4.", []),
])
def test_times_of_day_have_one_form(text: str, keys: list[str]) -> None:
    assert [key for time in clock_times(text) for key in time.keys] == keys


def test_a_time_says_whether_its_half_of_the_day_is_known() -> None:
    assert [time.marked for time in clock_times("At 3:45 pm, and at 3:45.")] == [True, False]

from assistant.watch.debounce import CROWD, Debouncer, Timing

PACE = Timing(settle=1, open=5, longest=20)


def filled(*events: tuple[str, float, bool]) -> Debouncer:
    changes = Debouncer(PACE)
    for path, now, is_open in events:
        changes.add(path, now, is_open=is_open)
    return changes


def test_a_path_is_taken_once_it_has_come_to_rest():
    changes = filled(("/a", 0, False), ("/a", 0.5, False))
    assert changes.take(1.2) == []
    assert changes.take(1.5) == ["/a"]
    assert changes.take(9) == [] and not len(changes)


def test_a_file_that_nobody_closed_yet_is_waited_for():
    changes = filled(("/a", 0, False), ("/a", 1, True))
    assert changes.take(5) == []
    changes.add("/a", 5, is_open=False)
    assert changes.take(6) == ["/a"]


def test_a_file_that_never_rests_is_taken_in_the_end():
    changes = filled(*(("/a", float(second), True) for second in range(20)))
    assert changes.take(19) == []
    assert changes.take(20) == ["/a"]


def test_a_folder_waits_for_what_is_in_it():
    changes = filled(("/a", 0, False), ("/a/b/c", 3, True), ("/d", 0, False))
    assert changes.take(4) == ["/d"]
    changes.add("/a/b/c", 4, is_open=False)
    assert changes.take(5) == ["/a", "/a/b/c"]


def test_a_crowd_is_its_folder():
    crowd = [(f"/a/{number}", 0.0, False) for number in range(CROWD + 1)]
    assert filled(*crowd, ("/b/1", 0, False)).take(2) == ["/a", "/b/1"]
    busy = filled(*crowd, ("/a/open", 0, True)).take(2)
    assert len(busy) == CROWD + 1 and "/a" not in busy


def test_waiting_ends_when_something_happens():
    changes = filled(("/a", 0, False))
    changes.wait(60)
    changes.clear()
    assert not len(changes)

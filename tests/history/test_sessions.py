import os
import signal
import stat
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest

from assistant.datatypes import Citation, Location, Turn
from assistant.errors import UsageError
from assistant.history import Sessions
from assistant.history import sessions as sessions_module

SOURCE = Citation(1, "/files/租约.pdf", "租约", Location(3, 4, 10, 20, page=2, heading="第五条"), "押金为一万元。")
FIRST = Turn("押金是多少？", "押金为一万元 [1]。", (SOURCE,), asked="2024-03-14T10:00:00+00:00")
SECOND = Turn("Why?", "Your files do not say.", (), "押金是多少？Why?", True, "2024-03-14T10:01:00+00:00")


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path / "sessions")


def file_of(tmp_path: Path, name: str) -> Path:
    return tmp_path / "sessions" / f"{name}.jsonl"


def test_turns_come_back_as_they_were(sessions: Sessions) -> None:
    name = sessions.begin("work", FIRST)
    sessions.append(name, SECOND)
    found = sessions.find(name)
    assert (found.name, found.library, found.started, found.turns) == (name, "work", FIRST.asked, (FIRST, SECOND))


def test_each_session_has_a_number_of_its_own_and_the_latest_used_is_the_last(sessions: Sessions, tmp_path: Path) -> None:
    first, second = sessions.begin("a", FIRST), sessions.begin("b", SECOND)
    assert first != second
    os.utime(file_of(tmp_path, first), ns=(2**62, 2**62))
    assert sessions.find("last").name == first
    assert [session.name for session in sessions.all()] == [first, second]


def test_nobody_else_can_read_them(sessions: Sessions, tmp_path: Path) -> None:
    path = file_of(tmp_path, sessions.begin("a", FIRST))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.filterwarnings("ignore::assistant.system.atomic_files.DamagedRecord")
@pytest.mark.parametrize("tail", [b'{"question": "half', b"\xff\xfe\x00", b"[1, 2]\nnull\n", b'{"question": 7}\n'])
def test_a_damaged_line_costs_that_line_alone(sessions: Sessions, tmp_path: Path, tail: bytes) -> None:
    name = sessions.begin("a", FIRST)
    with file_of(tmp_path, name).open("ab") as file:
        file.write(tail)
    sessions.append(name, SECOND)
    assert sessions.find(name).turns == (FIRST, SECOND)


@pytest.mark.filterwarnings("ignore::assistant.system.atomic_files.DamagedRecord")
def test_a_file_of_nonsense_stops_nothing(sessions: Sessions, tmp_path: Path) -> None:
    name = sessions.begin("a", FIRST)
    file_of(tmp_path, "20200101-1").write_bytes(b"\x00" * 100)
    file_of(tmp_path, "20200101-2").write_text('{"format": 1}\n{"question": "q", "citations": [3, {"location": 4}]}\n', "utf-8")
    (tmp_path / "sessions" / "notes.jsonl").write_text("mine", "utf-8")
    assert {session.name for session in sessions.all()} == {name, "20200101-1", "20200101-2"}
    assert sessions.find("20200101-1").turns == ()
    assert sessions.find("20200101-2").turns[0].citations == (Citation(0, "", "", Location(0, 0, 0, 0), ""),)


def test_what_is_deleted_is_gone(sessions: Sessions, tmp_path: Path) -> None:
    name = sessions.begin("a", FIRST)
    sessions.delete(name)
    assert not list((tmp_path / "sessions").iterdir())
    for unknown in (name, "last", "../../etc/passwd", "20200101-1"):
        with pytest.raises(UsageError):
            sessions.find(unknown)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_program_loses_no_finished_turn(tmp_path: Path) -> None:
    program = ("import os, sys; from pathlib import Path\n"
               "from assistant.history import Sessions; from assistant.datatypes import Turn\n"
               "kept = Sessions(Path(sys.argv[1])); name = kept.begin('a', Turn('one?', '1'))\n"
               "kept.append(name, Turn('two?', '2')); os.kill(os.getpid(), 9)")
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [turn.question for turn in Sessions(tmp_path).find("last").turns] == ["one?", "two?"]


def gone(cited: Citation) -> bool:
    return cited.path == SOURCE.path


def test_a_turn_that_comes_while_a_session_is_exchanged_is_kept(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    name = sessions.begin("a", FIRST)
    writer = threading.Thread(target=sessions.append, args=(name, SECOND))
    replace = Path.replace

    def late(aside: Path, target: Path) -> Path:  # what is compared is compared; now the turn comes
        writer.start()
        writer.join(timeout=0.3)
        return replace(aside, target)

    monkeypatch.setattr(Path, "replace", late)
    assert sessions.forget("a", gone) == 1
    writer.join()
    first, second = sessions.find(name).turns
    assert (first.question, "taken out" in first.answer or "已删除" in first.answer) == (FIRST.question, True)
    assert second.question == SECOND.question


def test_a_session_that_is_deleted_while_it_is_exchanged_stays_deleted(sessions: Sessions, tmp_path: Path,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    name = sessions.begin("a", FIRST)
    other = threading.Thread(target=sessions.delete, args=(name,))
    replace = Path.replace

    def late(aside: Path, target: Path) -> Path:
        other.start()
        other.join(timeout=0.3)
        return replace(aside, target)

    monkeypatch.setattr(Path, "replace", late)
    sessions.forget("a", gone)
    other.join()
    assert not file_of(tmp_path, name).exists()


def test_two_programs_that_write_at_once_lose_nothing(sessions: Sessions, tmp_path: Path) -> None:
    name = sessions.begin("a", FIRST)
    program = ("import sys; from pathlib import Path\n"
               "from assistant.history import Sessions; from assistant.datatypes import Citation, Location, Turn\n"
               "kept = Sessions(Path(sys.argv[1]))\n"
               "for number in range(60):\n"
               "    cited = Citation(1, sys.argv[4], 't', Location(1, 1, 0, 5), 'words')\n"
               "    kept.append(sys.argv[2], Turn(sys.argv[3] + str(number), 'secret ' * 2000, (cited,)))\n"
               "print('done')")
    writers = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "sessions"), name, which, SOURCE.path],
                                cwd=Path(__file__).parents[2], stdout=subprocess.PIPE) for which in "xy"]
    forgotten = 0
    while any(writer.poll() is None for writer in writers):
        forgotten += sessions.forget("a", gone)
    assert [writer.communicate()[0].strip() for writer in writers] == [b"done", b"done"]
    sessions.forget("a", gone)
    turns = sessions.find(name).turns
    asked = [FIRST.question, *(f"{which}{number}" for which in "xy" for number in range(60))]
    assert sorted(turn.question for turn in turns) == sorted(asked)
    assert forgotten
    assert not any("secret" in turn.answer for turn in turns)


def test_adding_a_turn_does_not_read_the_file(sessions: Sessions, tmp_path: Path) -> None:
    name = sessions.begin("a", FIRST)
    with file_of(tmp_path, name).open("ab") as file:
        file.write(b" " * 4_000_000)
    tracemalloc.start()
    try:
        sessions.append(name, SECOND)
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()
    assert sessions.find(name).turns == (FIRST, SECOND)


def test_a_lock_that_is_never_let_go_is_an_error(sessions: Sessions, tmp_path: Path,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    name = sessions.begin("a", FIRST)
    with sessions_module.folder_lock(tmp_path / "sessions"):
        monkeypatch.setattr(sessions_module, "LOCK_SECONDS", 0.05)
        with pytest.raises(OSError, match="lock"):
            sessions.append(name, SECOND)


def test_what_a_killed_program_left_beside_a_session_goes_when_the_session_is_redacted(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "sessions")
    path = file_of(tmp_path, sessions.begin("work", FIRST))
    path.with_name(f"{path.name}.4711-1.partial").write_text("押金为一万元。", "utf-8")
    assert sessions.forget("work", lambda _: True) == 1
    assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "押金为一万元" not in path.read_text("utf-8")


def test_a_renamed_library_is_renamed_in_its_conversations_which_keep_their_order(sessions: Sessions, tmp_path: Path) -> None:
    names = [sessions.begin(library, FIRST) for library in ("work", "work, home", "workshop", "home")]
    for number, name in enumerate(names):
        os.utime(file_of(tmp_path, name), ns=(number * 10**9, number * 10**9))
    sessions.rename_library("work", "office")
    assert [session.library for session in sessions.all()] == ["home", "workshop", "office,home", "office"]
    assert all(session.turns == (FIRST,) for session in sessions.all())
    assert sessions.forget("office", gone) == 1


def test_a_redacted_session_keeps_its_place_among_the_others(sessions: Sessions, tmp_path: Path) -> None:
    first, second = sessions.begin("work", FIRST), sessions.begin("work", SECOND)
    os.utime(file_of(tmp_path, first), ns=(1, 1))
    assert sessions.forget("work", gone) == 1
    assert sessions.find("last").name == second

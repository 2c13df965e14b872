import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.datatypes import Citation, Location, Turn
from assistant.errors import UsageError
from assistant.journal import Sessions

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


@pytest.mark.filterwarnings("ignore::assistant.records.DamagedRecord")
@pytest.mark.parametrize("tail", [b'{"question": "half', b"\xff\xfe\x00", b"[1, 2]\nnull\n", b'{"question": 7}\n'])
def test_a_damaged_line_costs_that_line_alone(sessions: Sessions, tmp_path: Path, tail: bytes) -> None:
    name = sessions.begin("a", FIRST)
    with file_of(tmp_path, name).open("ab") as file:
        file.write(tail)
    sessions.append(name, SECOND)
    assert sessions.find(name).turns == (FIRST, SECOND)


@pytest.mark.filterwarnings("ignore::assistant.records.DamagedRecord")
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
               "from assistant.journal import Sessions; from assistant.datatypes import Turn\n"
               "kept = Sessions(Path(sys.argv[1])); name = kept.begin('a', Turn('one?', '1'))\n"
               "kept.append(name, Turn('two?', '2')); os.kill(os.getpid(), 9)")
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [turn.question for turn in Sessions(tmp_path).find("last").turns] == ["one?", "two?"]

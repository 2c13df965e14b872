"""Where the engine listens: a folder of its owner's own, whatever others planted there; a key that is whole or absent."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.errors import EngineUnavailable
from assistant.server import endpoint as place_module
from assistant.server.endpoint import KEY_BYTES, Endpoint, connect, endpoint_of, make_private_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, owners and modes of POSIX")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Return a folder that others may read, with a file that has the name of a socket."""
    folder = tmp_path / "public_html"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "socket").write_text("mine", "utf-8")
    return folder


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """Return the place of a home so deep down that its socket goes to the shared temporary folder."""
    shared = tmp_path / "t"
    shared.mkdir()
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(place_module.tempfile, "gettempdir", lambda: str(shared))
    place = endpoint_of(tmp_path / ("a" * 90) / ("b" * 90))
    assert Path(place.address).is_relative_to(shared)
    return place


def test_a_planted_link_is_neither_followed_nor_changed(deep: Endpoint, victim: Path) -> None:
    planted = Path(deep.address).parent
    planted.symlink_to(victim)
    with pytest.raises(EngineUnavailable, match="is a link or a file") as refused:
        make_private_folder(planted)
    assert refused.value.hint
    assert mode_of(victim) == 0o755
    assert (victim / "socket").read_text("utf-8") == "mine"


def test_the_engine_refuses_a_planted_link_and_says_so(deep: Endpoint, victim: Path, tmp_path: Path) -> None:
    Path(deep.address).parent.symlink_to(victim)
    deep.key()
    environment = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    home = deep.folder.parent
    environment |= {"ASSISTANT_HOME": str(home), "TMPDIR": str(tmp_path / "t")}
    done = subprocess.run([sys.executable, "-m", "assistant.server"], cwd=Path(__file__).parents[2], env=environment,
                          capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == 1
    assert "is a link or a file" in done.stderr and "Traceback" not in done.stderr
    assert (victim / "socket").read_text("utf-8") == "mine"
    assert mode_of(victim) == 0o755


@pytest.mark.parametrize("is_link", [False, True])
def test_what_is_no_folder_is_refused(tmp_path: Path, is_link: bool) -> None:
    if is_link:
        (tmp_path / "place").symlink_to(tmp_path / "nowhere")
    else:
        (tmp_path / "place").write_text("x", "utf-8")
    with pytest.raises(EngineUnavailable, match="is a link or a file"):
        make_private_folder(tmp_path / "place")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_of_another_user_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(EngineUnavailable, match="belongs to another user"):
        make_private_folder(tmp_path)
    assert mode_of(tmp_path) == 0o755


def test_a_folder_that_is_there_is_made_private(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    make_private_folder(tmp_path / "open")
    make_private_folder(tmp_path / "new" / "below")
    assert mode_of(tmp_path / "open") == mode_of(tmp_path / "new" / "below") == 0o700


def test_no_socket_behind_a_link_is_spoken_to(deep: Endpoint, tmp_path: Path) -> None:
    elsewhere = tmp_path / "t" / "e"
    elsewhere.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(elsewhere / "socket"))
        listening.listen()
        Path(deep.address).parent.symlink_to(elsewhere)
        assert not deep.is_owned_by_user()
        Path(deep.address).parent.unlink()
        Path(deep.address).parent.mkdir()
        Path(deep.address).symlink_to(elsewhere / "socket")
        assert not deep.is_owned_by_user()


def test_many_who_need_the_key_get_the_same_one(tmp_path: Path) -> None:
    for turn in range(20):
        place, together = Endpoint(tmp_path / f"{turn}", ""), threading.Barrier(6)

        def key(_: int, place: Endpoint = place, together: threading.Barrier = together) -> bytes:
            together.wait(30)
            return place.key()

        with ThreadPoolExecutor(6) as starters:
            keys = set(starters.map(key, range(6)))
        assert [len(each) for each in keys] == [KEY_BYTES]
        assert [file.name for file in place.folder.iterdir()] == ["key"]
        assert mode_of(place.key_file) == 0o600


def test_a_file_system_without_links_has_a_key_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    place = Endpoint(tmp_path / "engine", "")
    assert place.key() == place.key()
    assert [file.name for file in place.folder.iterdir()] == ["key"]


def test_to_look_for_an_engine_makes_nothing(tmp_path: Path) -> None:
    place = endpoint_of(tmp_path / "h")
    with pytest.raises(OSError):
        connect(place)
    assert not place.folder.exists()

"""Settings that are kept in config.toml, and a home that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.config import load_settings, save_choice
from assistant.errors import UsageError

ODD = "".join(map(chr, range(1, 0x20))) + "\x7f\x85\u2028\u2029 \"quoted\" \\ C:\\new \t 模型 \U0001f600 # = ["


@pytest.mark.parametrize("value", [ODD, "", "two\nlines"])
def test_any_characters_come_back_from_the_file(own_home: Path, value: str) -> None:
    for _ in range(2):  # the second time over what the first one wrote
        save_choice(own_home / "config.toml", {"chat": value, "embed": "fake:"})
        settings = load_settings(environment={"ASSISTANT_HOME": str(own_home)})
        assert (settings.chat, settings.embed) == (value, "fake:")


def test_what_the_person_wrote_stays(own_home: Path) -> None:
    own_home.mkdir()
    config = own_home / "config.toml"
    config.write_text('# chat = "mine"\nresults = 3\nchat = "old"\n"embed" = "old"\n\n[other]\nchat = "theirs"\n', "utf-8")
    save_choice(config, {"chat": "new", "embed": "newer"})
    assert config.read_text("utf-8") == (
        'chat = "new"\nembed = "newer"\n# chat = "mine"\nresults = 3\n\n[other]\nchat = "theirs"\n'
    )


def test_a_name_that_is_not_made_of_characters_is_refused_and_the_file_left(own_home: Path) -> None:
    save_choice(own_home / "config.toml", {"chat": "old"})
    with pytest.raises(UsageError, match="not valid UTF-8"):
        save_choice(own_home / "config.toml", {"chat": "/models/\udcff.gguf"})
    assert load_settings().chat == "old"


@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
def test_a_home_that_is_a_file_is_named(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.write_text("", "utf-8")
    with pytest.raises(UsageError, match=f"{file} is a file"):
        load_settings(environment={"ASSISTANT_HOME": str(file / below)})



"""What each setting may be, wherever it is set: a value out of its range is one sentence and exit code 2."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from assistant.config import ALLOWED, Settings, is_library_name, load_settings
from assistant.errors import UsageError

SPANS = {name: tuple(map(int, allowed.words.split(" to "))) for name, allowed in ALLOWED.items() if " to " in allowed.words}


def wrong_values(name: str) -> list[str]:
    if name in SPANS:
        return [str(SPANS[name][0] - 1), str(SPANS[name][1] + 1), "nan", "inf", "1e3", "8.0", "9" * 5000, "many", "-" + "9" * 30]
    if ALLOWED[name].words in {"true or false", "auto, on or off"}:
        return ["perhaps", "ON ", "2"]
    return {"library": ["a/b", "..", "con", "x" * 101, "a\nb", ",", "a,,b"], "hub": ["ftp://x", "http://", "nonsense", "http:///x"]}.get(
        name, ["x" * 5000])


def test_every_setting_has_what_it_can_be() -> None:
    assert set(ALLOWED) == {field.name for field in fields(Settings)} - {"home"}


def test_every_default_is_allowed(tmp_path: Path) -> None:
    defaults = Settings(home=tmp_path)
    for name, allowed in ALLOWED.items():
        if name != "hub":
            assert allowed.allows(getattr(defaults, name)), name
    assert ALLOWED["hub"].allows(defaults.hub)


@pytest.mark.parametrize("name", ALLOWED)
def test_the_environment_is_checked(name: str, own_home: Path) -> None:
    for value in wrong_values(name):
        with pytest.raises(UsageError) as refused:
            load_settings(environment={"ASSISTANT_HOME": str(own_home), f"ASSISTANT_{name.upper()}": value})
        assert f"ASSISTANT_{name.upper()}" in str(refused.value)
        assert name == "library" or ALLOWED[name].words in str(refused.value)
        assert len(str(refused.value)) < 250
        assert refused.value.exit_code == 2


@pytest.mark.parametrize("name", SPANS)
def test_config_toml_is_checked_also_where_it_does_not_count(name: str, own_home: Path) -> None:
    own_home.mkdir()
    (own_home / "config.toml").write_text(f"{name} = {SPANS[name][1] + 1}\n", "utf-8")
    with pytest.raises(UsageError, match=f"config.toml sets {name} to {SPANS[name][1] + 1}; it can be {ALLOWED[name].words}"):
        load_settings(environment={"ASSISTANT_HOME": str(own_home), f"ASSISTANT_{name.upper()}": str(SPANS[name][0])})


@pytest.mark.parametrize("name", SPANS)
def test_both_ends_of_a_range_are_allowed(name: str, own_home: Path) -> None:
    for value in SPANS[name]:
        more = {"ASSISTANT_ANSWER_TOKENS": "1"} if name == "context_tokens" else {"ASSISTANT_CONTEXT_TOKENS": "1000000"}
        settings = load_settings(environment={"ASSISTANT_HOME": str(own_home), **more, f"ASSISTANT_{name.upper()}": str(value)})
        assert getattr(settings, name) == value


def test_the_settings_of_a_library_and_the_flags_are_checked(own_home: Path) -> None:
    own = own_home / "libraries" / "default" / "settings.toml"
    own.parent.mkdir(parents=True)
    own.write_text("refusal_threshold = 101\n", "utf-8")
    with pytest.raises(UsageError, match=r"settings\.toml sets refusal_threshold to 101; it can be 0 to 100"):
        load_settings()
    own.unlink()
    with pytest.raises(UsageError, match="The command sets context_chunks to 0"):
        load_settings({"context_chunks": 0})


@pytest.mark.parametrize("content", [b"context_chunks = " + b"9" * 5000, b"reader_processes = 0x" + b"f" * 5000,
                                     b"x = " + b"[" * 5000, b"\xff\xfe", b"context_chunks = 3.0",
                                     b"context_chunks = true", b"context_chunks = [1]",
                                     b"chat = '''\x00'''", b"hub = ''"])
def test_a_config_file_of_nonsense_is_one_sentence(own_home: Path, content: bytes) -> None:
    own_home.mkdir()
    (own_home / "config.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"config\.toml") as refused:
        load_settings()
    assert len(str(refused.value)) < 400


def test_a_config_file_with_a_byte_order_mark_is_read_and_written(own_home: Path) -> None:
    from assistant.config import save_choice

    own_home.mkdir()
    (own_home / "config.toml").write_bytes(b"\xef\xbb\xbfchat = \"old\"\r\ncontext_chunks = 3\r\n")
    assert load_settings().context_chunks == 3
    save_choice(own_home / "config.toml", {"chat": "new"})
    assert (load_settings().chat, load_settings().context_chunks) == ("new", 3)


def test_the_two_that_belong_together_are_named_with_their_values() -> None:
    with pytest.raises(UsageError, match="context_tokens is 600 and answer_tokens 320"):
        load_settings({"context_tokens": 600})


def test_the_hub_of_another_program_is_checked(own_home: Path) -> None:
    with pytest.raises(UsageError, match="HF_ENDPOINT sets hub"):
        load_settings(environment={"ASSISTANT_HOME": str(own_home), "HF_ENDPOINT": "file:///x"})


@pytest.mark.parametrize("name", ["work", "My files", "合同", "a.b", "\U0001f4da", "x" * 100, "console", "com10"])
def test_names_of_libraries(name: str) -> None:
    assert is_library_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", ".a", "a.", "a/b", "a\\b", "c:", "a*", "a?", "<a>", "a|b", 'a"', "con", "NUL",
                                  "com1.txt", "aux .x",
                                  "x" * 101, "合" * 34, "a\0", "a\n", "\x1b[31m", "\u202ex", "\udcff", "\u2028"])
def test_what_is_no_name_of_a_library(name: str) -> None:
    assert not is_library_name(name)

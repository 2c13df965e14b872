"""What clients may see."""

from __future__ import annotations

import pytest

from assistant.app.assistant import Assistant
from assistant.config import Settings, load_settings
from assistant.datatypes import Filter
from assistant.errors import NotFound, UsageError
from assistant.index.places import create_link
from assistant.server.scope import Scope, requested_names


@pytest.fixture
def two(settings: Settings) -> Settings:
    with Assistant(load_settings({"library": "work"})) as assistant:
        assistant.add([settings.home / "files"])
    return settings


def test_without_restrictions_all_libraries_are_visible_and_the_configured_one_is_the_default(two: Settings):
    scope = Scope()
    assert scope.library_names() == ("default", "work")
    assert scope.settings().library == "default"
    assert scope.settings("work, default").library == "work,default"
    assert scope.settings().use_facts
    assert scope.filter(Filter(("a",))) == Filter(("a",))


@pytest.mark.parametrize("name", ["default", "nothing", "..", "../default", "work,default", "\0", "a" * 1000])
def test_what_is_hidden_looks_like_what_does_not_exist(two: Settings, name: str):
    with pytest.raises(NotFound, match="There is no library") as raised:
        Scope(("work",)).settings(name)
    assert "default" not in raised.value.hint


def test_saved_facts_are_outside_every_restriction(two: Settings):
    assert not Scope(("work",)).settings().use_facts
    assert not Scope((), ("*a*",)).settings().use_facts


def test_a_filter_of_a_client_cannot_widen_the_scope():
    assert Scope((), ("/a",)).filter(Filter(("/b",))) == Filter(("/b",), within=("/a",))


def test_flags_apply_and_a_changed_configuration_too(two: Settings):
    assert Scope(flags={"top_k": 3}).settings().top_k == 3
    (two.home / "config.toml").write_text("top_k = 7\n", "utf-8")
    assert Scope().settings().top_k == 7


@pytest.fixture
def shared(two: Settings) -> Settings:
    create_link(two.libraries_folder / "team", "milvus://db.example/team")
    return two


@pytest.mark.parametrize("libraries", [(), ("team", "work")])
def test_a_shared_library_is_not_served_and_is_in_no_other_s_way(shared: Settings, libraries: tuple[str, ...]):
    scope = Scope(libraries)
    assert "team" not in (*scope.library_names(), *scope.settings_of_tables().libraries)
    assert scope.settings("work").library == "work"
    for name in ("team", "work,team"):
        with pytest.raises(UsageError, match="'team' is a shared library"):
            scope.settings(name)


def test_a_shared_library_outside_the_scope_looks_like_what_does_not_exist(shared: Settings):
    for name in ("team", "../libraries/team", "team/."):
        with pytest.raises(NotFound, match="There is no library"):
            Scope(("work",)).settings(name)


def test_a_server_of_a_shared_library_is_refused_before_it_starts(shared: Settings, monkeypatch: pytest.MonkeyPatch):
    Scope().require_local()
    Scope(("work",)).require_local()
    monkeypatch.setenv("ASSISTANT_LIBRARY", "team")
    Scope(("work",)).require_local()
    for scope in (Scope(), Scope(("work", "team"))):
        with pytest.raises(UsageError, match="'team' is a shared library"):
            scope.require_local()


def test_names_in_a_text():
    assert requested_names(" a,b ,,a") == ("a", "b")

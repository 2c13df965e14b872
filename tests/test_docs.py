"""Documentation that cannot drift."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from assistant import Settings, load_settings
from assistant.cli.docs import render
from assistant.config import ALLOWED

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
COMMANDS = ("setup", "add", "sync", "remove", "search", "ask", "chat", "serve", "mcp", "eval", "bench", "calibrate", "watch",
            "status", "doctor", "tables list", "tables show", "tables query", "models list", "models pull", "models verify",
            "models remove", "sessions list", "sessions show", "sessions delete", "sessions export",
            "memory add", "memory list", "memory forget", "engine start", "engine stop", "engine status",
            "library list", "library create", "library groups", "library set", "library rename", "library delete",
            "library export", "library import")
GROUPS = ("models", "engine", "sessions", "memory", "library", "tables")


def test_the_reference_is_current():
    assert PAGE.read_text("utf-8") == render(), "run: python -m assistant.cli.docs > docs/cli.md"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_with_examples(command):
    section = render().split(f"\n## assistant {command}\n")[1].split("\n## ")[0]
    assert f"$ assistant {command}" in section


def test_no_command_is_left_out():
    titles = [line.removeprefix("## assistant ") for line in render().splitlines() if line.startswith("## assistant ")]
    assert sorted(titles) == sorted((*COMMANDS, *GROUPS))


def test_the_reference_does_not_depend_on_the_terminal(monkeypatch):
    before = render()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert render() == before


# the pages that people wrote

GUIDE = PAGE.with_name("guide.md").read_text("utf-8")
ARCHITECTURE = PAGE.with_name("architecture.md").read_text("utf-8")
ROOT = PAGE.parents[1]
ASIDE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
CALL = re.compile(r"(?:^\$ |[|;`] ?|^)(?:[A-Z_]+=\S+ )*assistant ((?:-\S+ \S+ )*)(?P<words>[a-z]+(?: [a-z]+)?)", re.MULTILINE)


def blocks(page: str, language: str) -> list[str]:
    return [body for found, body in ASIDE.findall(page) if found == language]


def calls(page: str) -> set[str]:
    """Return the first two words of each call of the program: in code blocks at the start of a line, elsewhere in backticks."""
    shell = "\n".join(blocks(page, "console") + blocks(page, "sh") + blocks(page, ""))
    inline = "\n".join(re.findall(r"`[^`\n]+`", ASIDE.sub("", page)))
    return {found["words"] for text in (shell, inline) for found in CALL.finditer(text)}


WRITTEN = [*(page for page in sorted(PAGE.parent.glob("*.md")) if page != PAGE),
           *(ROOT / folder / "README.md" for folder in ("", "benchmarks", "examples", "models"))]


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_exists(page):
    name = page.name
    for words in calls(page.read_text("utf-8")):
        first = words.split()[0]
        assert words in COMMANDS or (first in COMMANDS and first not in GROUPS) or words in GROUPS, f"{name}: assistant {words}"


def test_the_guide_shows_every_command():
    shown = calls(GUIDE)
    for command in set(COMMANDS) - {"models remove"}:
        assert any(f"{words} ".startswith(f"{command} ") for words in shown), f"the guide never runs: assistant {command}"


def test_the_guide_lists_every_setting_with_its_default(tmp_path):
    section = GUIDE.split("\n## Settings\n")[1].split("\n## ")[0]
    listed = dict(re.findall(r"^\| `(\w+)` \| ([^|]*?) \|", section, re.MULTILINE))
    assert list(listed) == [field.name for field in fields(Settings)]
    defaults = Settings(home=tmp_path)
    for name in set(listed) - {"home"}:
        value = str(getattr(defaults, name))
        value = value.lower() if value in {"True", "False"} else value
        assert listed[name] == (f"`{value}`" if value else "none"), name


def test_the_guide_says_what_each_setting_can_be():
    section = GUIDE.split("\n## Settings\n")[1].split("\n## ")[0]
    listed = dict(re.findall(r"^\| `(\w+)` \| [^|]*? \| ([^|]*?) \|", section, re.MULTILINE))
    assert set(listed) - {"home"} == set(ALLOWED)
    for name, allowed in ALLOWED.items():
        assert listed[name] == allowed.words, name


def test_the_guide_shows_a_config_file_that_is_read(own_home):
    own_home.mkdir(exist_ok=True)
    (own_home / "config.toml").write_text(blocks(GUIDE, "toml")[0], "utf-8")
    assert load_settings().context_chunks == 8


def run_python(page: str, monkeypatch) -> None:
    """Run the programs of a page in order, with fake models: later ones ask about what the first one added."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("ASSISTANT_CHAT", "fake:")
    monkeypatch.setenv("ASSISTANT_EMBED", "fake:")
    programs = blocks(page, "python")
    assert programs
    for program in programs:
        exec(compile(program, "docs", "exec"), {})


def test_the_python_of_the_guide_runs(monkeypatch, capsys):
    run_python(GUIDE, monkeypatch)
    said = capsys.readouterr().out
    assert "Water flow too low" in said
    assert "heat-pump-hp40.md:84" in said


def test_the_python_of_the_readme_runs(monkeypatch, capsys):
    run_python((ROOT / "README.md").read_text("utf-8"), monkeypatch)
    said = capsys.readouterr().out
    assert "torque" in said
    assert "heat-pump-hp40.md" in said


def test_the_readme_is_short_and_has_the_command_that_runs_the_tests():
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 120
    assert [line for line in lines if re.match(r"\.venv/bin/pip install .*dev.*pytest", line)]  # .ci/run looks for it


@pytest.mark.parametrize("name", ["session.svg", "flows.svg"])
def test_pictures_load_nothing_and_name_no_folder_of_a_machine(name):
    picture = PAGE.with_name(name).read_text("utf-8")
    assert "url(http" not in picture.replace(" ", "")
    assert "@font-face" not in picture
    assert "@import" not in picture
    assert not re.search(r"(?:/tmp|/home|/root|/Users)/", picture)


def test_the_tree_in_the_architecture_is_current(monkeypatch):
    monkeypatch.syspath_prepend(PAGE.parent)
    tree = import_module("tree")
    page = tree.PAGE.read_text("utf-8")
    assert tree.TREE.search(page)
    assert page == tree.current(page), "run: python docs/tree.py"
    assert all(tree.meaning(path) not in {"", "TODO"} for path in tree.PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\(([\w./-]*)(#[\w-]+)?\)", page.read_text("utf-8")):
        linked = page if not target else page.parent / target
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor:
            titles = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.MULTILINE)
            slugs = {"#" + re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
            assert anchor in slugs, f"{page.name} links to {target}{anchor}"


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_of_the_source_that_a_page_names_exists(page):
    prose = ASIDE.sub("", page.read_text("utf-8"))
    for named in re.findall(r"`([\w/]+\.(?:py|toml|svg))`", prose):
        if named in {"config.toml", "settings.toml"} or "NAME" in named:
            continue
        assert any(str(path).endswith(f"/{named}") for folder in ("assistant", "benchmarks", "docs", "models", "tests")
                   for path in (ROOT / folder).rglob(Path(named).name)) or (ROOT / named).exists(), f"{page.name} names {named}"


SERVERS = sorted((PAGE.parent / "milvus").glob("*.yaml"))


@pytest.mark.parametrize("file", SERVERS, ids=lambda file: file.name)
def test_the_settings_of_a_server_are_pinned_and_say_that_they_were_not_run(file):
    text = file.read_text("utf-8")
    assert "Not run here" in " ".join(line.lstrip("# ") for line in text.splitlines()[:6])
    images = re.findall(r"(?:image|tag): ([^\s{}]+)", text)
    assert all(re.search(r"v\d+\.\d+\.\d+|RELEASE\.\d{4}", image) for image in images), images
    assert "authorizationEnabled: true" in text or file.name == "compose.yaml"
    assert file.name in PAGE.with_name("shared-libraries.md").read_text("utf-8")

"""The commands in, docs/cli.md out.

Write it anew with: python -m assistant.cli.docs > docs/cli.md
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import typer
from typer.core import TyperGroup

from assistant.cli.app import app
from assistant.cli.lazy_command import LazyCommand

COMPLETION = {"install_completion", "show_completion"}  # these depend on the person's shell
OPENING = """# Commands

The text of `assistant COMMAND --help`, for all commands. Written by `python -m assistant.cli.docs`; do not edit.

`--library`, `--chat` and `--embed` may stand before the command or after it. `ASSISTANT_HOME` names the folder of all state.
Results go to stdout; progress, notices and errors go to stderr. `assistant --install-completion` sets up the completion of
commands in your shell.

| exit code | meaning |
|---|---|
| 0 | done, or answered |
| 1 | an error; the message says what to do |
| 2 | the command was not understood |
| 3 | the files do not say (`ask`) |
| 4 | nothing is indexed yet |
| 5 | a model is missing |
| 130 | stopped by Ctrl-C |
"""


def render() -> str:
    """Return the page."""
    root = typer.main.get_command(app)
    sections = [section("assistant", root), *sections_of("assistant", root)]
    return "\n".join((OPENING, *sections))


def sections_of(name: str, group: Any) -> Iterator[str]:  # noqa: ANN401 - typer's own, whose type it does not give away
    """Yield a section for each command of a group and for those inside it."""
    for word, listed in group.commands.items():
        command = listed.loaded() if isinstance(listed, LazyCommand) else listed
        yield section(f"{name} {word}", command)
        if isinstance(command, TyperGroup):
            yield from sections_of(f"{name} {word}", command)


def section(name: str, command: Any) -> str:  # noqa: ANN401
    """Return what there is to know of one command."""
    parameters = [each for each in command.params if each.name not in COMPLETION]
    arguments = [each for each in parameters if each.param_type_name == "argument"]
    options = [each for each in parameters if each.param_type_name == "option"]
    return "\n".join((
        f"## {name}\n", inspect.cleandoc(command.help or ""), "",
        f"```\n{usage(name, command, arguments)}\n```\n",
        *table("argument", [(argument_in_words(each), each.help) for each in arguments]),
        *table("option", [(option_in_words(each), each.help) for each in options]),
        *examples(command.epilog or ""),
    ))


def usage(name: str, command: Any, arguments: Iterable[Any]) -> str:  # noqa: ANN401
    """Return how a command is written."""
    last = ["COMMAND"] if isinstance(command, TyperGroup) else []
    return " ".join([name, "[OPTIONS]", *map(argument_in_words, arguments), *last])


def argument_in_words(argument: Any) -> str:  # noqa: ANN401
    """Return an argument as the usage line has it."""
    words = argument.metavar + ("..." if argument.nargs == -1 else "")
    return words if argument.required else f"[{words}]"


def option_in_words(option: Any) -> str:  # noqa: ANN401
    """Return all spellings of an option, and what it takes."""
    spellings = ", ".join(option.opts)
    return spellings if option.is_flag else f"{spellings} {option.metavar}"


def table(kind: str, rows: Iterable[tuple[str, str]]) -> list[str]:
    """Return the lines of a table; none where it has no rows."""
    lines = [f"| `{words}` | {' '.join(text.split()).replace('|', chr(92) + '|')} |" for words, text in rows]
    return [f"| {kind} | |", "|---|---|", *lines, ""] if lines else []


def examples(epilog: str) -> list[str]:
    """Return a block with a command's examples."""
    lines = [line for line in epilog.splitlines() if line and line != "Examples:"]
    return ["```console", *(f"$ {line}" for line in lines), "```", ""] if lines else []


if __name__ == "__main__":
    sys.stdout.write(render())

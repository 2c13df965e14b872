"""A command's place in the program in, a command that is imported when it runs out: to list commands imports none of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand


class Later(TyperCommand):
    """Stands for a command with its first line of help; subclasses name its `place`, such as "questions:ask"."""

    place = ""

    def loaded(self) -> Any:  # noqa: ANN401 - typer's own, whose type it does not give away
        """Return the command itself, with its options and all of its help."""
        module, _, function = self.place.partition(":")
        alone = typer.Typer(add_completion=False)
        alone.command(self.name, epilog=self.epilog)(getattr(import_module(f"assistant.cli.{module}"), function))
        return typer.main.get_command(alone)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None,  # noqa: ANN401
                     **extra: Any) -> Any:  # noqa: ANN401
        """Return the context in which the command itself runs: typer asks for it when the command was named."""
        return self.loaded().make_context(info_name, args, parent, **extra)


def register(group: typer.Typer, name: str, place: str, says: str, *examples: str) -> None:
    """Put a command into a group under a name, with the first line of its help and its examples."""
    named = type("Later", (Later,), {"place": place})
    group.command(name, cls=named, help=says, epilog="\n\n".join(("Examples:", *examples)))(nothing)


def nothing() -> None:
    """Stand for a function that is not imported yet."""

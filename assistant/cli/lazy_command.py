"""A command's place in the program in, a command that is imported when it runs out: to list commands imports none of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand


class LazyCommand(TyperCommand):
    """Stands for a command with its first line of help; subclasses name its `place`, such as "questions:ask"."""

    place = ""

    def loaded(self) -> Any:  # noqa: ANN401 - typer's own, whose type it does not give away
        """Return the command itself, with its options and all of its help."""
        module, _, function = self.place.partition(":")
        alone = typer.Typer(add_completion=False)
        command = getattr(import_module(f"assistant.cli.commands.{module}"), function)
        alone.command(self.name, cls=PlainTextCommand, epilog=self.epilog)(command)
        return typer.main.get_command(alone)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None,  # noqa: ANN401
                     **extra: Any) -> Any:  # noqa: ANN401
        """Return the context in which the command itself runs: typer asks for it when the command was named."""
        return self.loaded().make_context(info_name, args, parent, **extra)


class TextPassthrough:
    """Takes texts as they are, and lets typer convert anything else.

    It does so with pydantic, whose import takes nearly as long as all the rest of a question's way to the engine.
    """

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ANN401
        """Return what typer would make of a value."""
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if value in ((), []):
            return []
        if param.type_descriptor.annotation is str and isinstance(value, str) and not several:
            return value
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def bypass_pydantic(parameters: list[Any]) -> list[Any]:
    """Return options and arguments that convert no more than they must. Versions of typer without pydantic stay as they are."""
    for parameter in parameters:
        if getattr(parameter, "_runtime_param", 0) is None:
            parameter._runtime_param = TextPassthrough()
    return parameters


class PlainTextCommand(TyperCommand):
    """A command that converts no more than it must."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """Return the options and arguments."""
        return bypass_pydantic(super().get_params(ctx))


def register(group: typer.Typer, name: str, place: str, says: str, *examples: str) -> None:
    """Put a command into a group under a name, with the first line of its help and its examples."""
    named = type("Later", (LazyCommand,), {"place": place})
    group.command(name, cls=named, help=says, epilog="\n\n".join(("Examples:", *examples)))(nothing)


def nothing() -> None:
    """Stand for a function that is not imported yet."""

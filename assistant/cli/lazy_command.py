"""Commands that import their module only when they run, so that `--help` imports none of them.

Text parameters bypass typer's conversion, whose import of pydantic takes nearly as long as the rest of a question's way to the
engine. This uses private fields of typer's parameters: pyproject.toml pins the versions that it was tested with.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class LazyCommand(TyperCommand):
    """A command known by the first line of its help. Subclasses set `place`, such as "ask_search:ask"."""

    place = ""

    def loaded(self) -> Any:  # noqa: ANN401 - a class that typer does not export
        """Import and return the command with its options and full help."""
        module, _, function = self.place.partition(":")
        alone = typer.Typer(add_completion=False)
        command = getattr(import_module(f"assistant.cli.commands.{module}"), function)
        alone.command(self.name, cls=PlainTextCommand, epilog=self.epilog)(command)
        return typer.main.get_command(alone)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None,  # noqa: ANN401
                     **extra: Any) -> Any:  # noqa: ANN401
        """Return the context of the imported command. Typer calls this once the command is chosen."""
        return self.loaded().make_context(info_name, args, parent, **extra)


class TextPassthrough:
    """Converter that passes text through and leaves every other type to typer."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ANN401
        """Return the value as typer would convert it."""
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if value in ((), []):
            return []
        if param.type_descriptor.annotation is str and isinstance(value, str) and not several:
            return value
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def adjust_parameters(parameters: list[Any]) -> list[Any]:
    """Let text bypass pydantic, and show no type beside a flag in the help."""
    for parameter in parameters:
        if getattr(parameter, "_runtime_param", 0) is None:
            parameter._runtime_param = TextPassthrough()
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return parameters


class PlainTextCommand(TyperCommand):
    """A command whose text parameters need no pydantic."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """Return the options and arguments."""
        return adjust_parameters(super().get_params(ctx))


class PlainTextGroup(TyperGroup):
    """A group of commands whose text parameters need no pydantic."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """Return the options."""
        return adjust_parameters(super().get_params(ctx))

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Return the command; the error for an unknown one names those of the same name in the groups: "library list"."""
        try:
            return super().resolve_command(ctx, args)
        except Exception as error:
            found = [f"'{name} {args[0]}'" for name, group in self.commands.items() if args[0] in getattr(group, "commands", ())]
            if found and isinstance(vars(error).get("message"), str):
                vars(error)["message"] += f" Did you mean {' or '.join(found)}?"
            raise


def register(group: typer.Typer, name: str, place: str, says: str, *examples: str) -> None:
    """Register a command in a group with the first line of its help and its examples."""
    named = type("Later", (LazyCommand,), {"place": place})
    group.command(name, cls=named, help=says, epilog="\n\n".join(("Examples:", *examples)))(placeholder)


def placeholder() -> None:
    """Stand in for a function that is not imported yet."""

"""The commands about whole libraries."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assistant.app.library import registry as libraries
from assistant.cli import json_output as to_json
from assistant.cli.console import notice, on_one_line, output, size_in_words
from assistant.cli.options import Json, settings_of
from assistant.cli.progress import copying_progress
from assistant.cli.render.library import show_status
from assistant.cli.render.machine import show_findings
from assistant.errors import UsageError

Name = Annotated[str, typer.Argument(metavar="NAME", help="A library.", show_default=False)]
New = Annotated[str, typer.Argument(metavar="NEW", help="Its new name.", show_default=False)]
Target = Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.", show_default=False)]
Source = Annotated[Path, typer.Argument(metavar="FILE", help="An exported library.", show_default=False)]
As = Annotated[str, typer.Option("--as", metavar="NAME", help="The name that it gets; otherwise the one that it had.")]
LibrarySettings = Annotated[list[str] | None, typer.Argument(metavar="SETTING=VALUE", help="Settings of this library alone, such as "
                                                 "chunk_tokens=300.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def list_all(context: typer.Context, json: Json = False) -> None:
    """List the libraries, and what each holds."""
    held, wrong = libraries.list_libraries(settings_of(context))
    if json:
        to_json.print_json({"libraries": [to_json.status(each) for each in held], **to_json.findings(wrong)})
        return
    for each in held:
        show_status(output(), each)
    show_findings(output(), wrong)
    if not held and not wrong:
        notice("There is no library yet. Make one: assistant add FOLDER")


def create(context: typer.Context, name: Name, own: LibrarySettings = None, json: Json = False) -> None:
    """Make an empty library. `assistant add -L NAME` makes it too; this one can give it settings of its own."""
    report_change(name, libraries.create(settings_of(context), name, parse_settings(own or [])), "made", json=json)


def delete(context: typer.Context, name: Name, yes: Yes = False, json: Json = False) -> None:
    """Delete a library with all that belongs to it. The files that it was made of are not touched."""
    settings = settings_of(context)
    folder = libraries.existing_folder(settings, name)
    if not yes and not typer.confirm(on_one_line(f"Delete the library {name} ({folder})?"), default=False, err=True):
        notice("Nothing was deleted.")
        raise typer.Exit(1)
    libraries.delete(settings, name)
    report_change(name, folder, "deleted", json=json)


def rename(context: typer.Context, name: Name, new: New, json: Json = False) -> None:
    """Give a library another name."""
    report_change(new, libraries.rename(settings_of(context), name, new), "renamed", json=json)


def export(context: typer.Context, name: Name, target: Target, json: Json = False) -> None:
    """Write a library to one file, with checksums, that opens on another machine without embedding anything."""
    with copying_progress() as on_progress:
        size = libraries.export(settings_of(context), name, target, on_progress)
    if json:
        to_json.print_json({"name": name, "path": str(target), "bytes": size})
    else:
        output().print(on_one_line(f"{name}: exported to {target}, {size_in_words(size)}. It holds the text of your files: "
                                   "keep it safe."))


def import_(context: typer.Context, source: Source, name: As = "", json: Json = False) -> None:
    """Bring in an exported library. It is verified before anything is changed."""
    with copying_progress() as on_progress:
        came = libraries.import_library(settings_of(context), source, name, on_progress)
    if json:
        to_json.print_json(asdict(came))
        return
    show_status(output(), came.held)
    for root in came.away:
        notice(on_one_line(f"{root} is not on this machine: its passages can be searched, and stay as they are."))
    for root, other in came.shared:
        notice(on_one_line(f"{root} is in the library {other} too."))


def set_(context: typer.Context, name: Name, own: LibrarySettings = None, json: Json = False) -> None:
    """Give a library settings of its own; they count more than config.toml, and less than the environment."""
    given = parse_settings(own or [])
    if not given:
        raise UsageError("There is nothing to set.", f"assistant library set {name} chunk_tokens=300")
    report_change(name, libraries.set_library_settings(settings_of(context), name, given), "set", json=json)


def parse_settings(own: list[str]) -> dict[str, str]:
    """Return the settings. Raises UsageError where one has no value."""
    for each in own:
        if "=" not in each:
            raise UsageError(f"'{each}' sets nothing.", "Write SETTING=VALUE, such as chunk_tokens=300.")
    return {key.strip(): value.strip() for key, _, value in (each.partition("=") for each in own)}


def report_change(name: str, path: Path, done: str, *, json: bool) -> None:
    """Say what was done."""
    if json:
        to_json.print_json({"name": name, "path": str(path), "done": done})
    else:
        output().print(on_one_line(f"{name}: {done} ({path})"))

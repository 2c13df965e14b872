"""Commands `add`, `sync`, `remove` and `library ...`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assistant.app.assistant import Assistant
from assistant.app.ingest.add import files_kept
from assistant.app.library import registry as libraries
from assistant.cli import json_output as to_json
from assistant.cli.console import counted, notice, on_one_line, output, size_in_words
from assistant.cli.error_boundary import INTERRUPTED
from assistant.cli.options import As, Embed, Json, Library, PasswordFile, passwords_in, settings_of
from assistant.cli.progress import copying_progress, intake_progress
from assistant.cli.render.status import show_findings, show_report, show_status
from assistant.config import Settings, parse_groups
from assistant.datatypes import IngestReport
from assistant.errors import LibraryBusy, UsageError
from assistant.system.paths import absolute
from assistant.watch import is_watched

Paths = Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and folders.", show_default=False)]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Read and embed all files again.")]
Root = Annotated[str, typer.Option("--root", metavar="NAME", show_default=False,
                                   help="Name of the folder in a shared library; the same on every machine that has the folder.")]
Readers = Annotated[str | None, typer.Option("--groups", metavar="GROUPS", help="Groups of a shared library that may read these "
                                             'paths, such as lawyers,partners; "" for all. Default: as before, at first all.')]
Added = Annotated[Path, typer.Argument(metavar="PATH", help="A file or folder that was added.", show_default=False)]


def add(context: typer.Context, paths: Paths, root: Root = "", readers: Readers = None, password_file: PasswordFile = None,
        library: Library = None, embed: Embed = None, json: Json = False) -> None:
    """Add files and folders to the library.

    Unchanged files are skipped quickly. Files that cannot be read are listed with the reason.
    """
    if root and len(paths) > 1:
        raise UsageError("--root names one folder.", "Add the folders one after another.")
    passwords, groups = passwords_in(password_file), None if readers is None else parse_groups(readers)
    settings = settings_of(context, library, embed=embed)
    with Assistant(settings) as assistant:
        with intake_progress() as on_progress:
            report = assistant.add(paths, on_progress, passwords, root, groups)
        for path, name in assistant.root_names().items():
            if Path(path) in map(absolute, paths):
                notice(on_one_line(f"{path} is '{name}' in this library."))
        notice_kept_elsewhere(assistant)
        if groups and not groups & settings.reader_groups:
            notice("You are in none of these groups, so your own searches do not find these files. Set groups in config.toml, or "
                   "search with --as.")
        finish_ingest(report, json=json)


def sync(context: typer.Context, rebuild: Rebuild = False, password_file: PasswordFile = None, library: Library = None,
         embed: Embed = None, json: Json = False) -> None:
    """Update the library: read new and changed files, drop deleted ones."""
    passwords = passwords_in(password_file)
    with Assistant(settings_of(context, library, embed=embed)) as assistant:
        with intake_progress() as on_progress:
            report = assistant.sync(on_progress, rebuild=rebuild, passwords=passwords)
        notice_kept_elsewhere(assistant)
        finish_ingest(report, json=json)


def remove(context: typer.Context, path: Added, library: Library = None, json: Json = False) -> None:
    """Remove a file or folder from the library and keep it out. The file itself is not touched."""
    with Assistant(settings_of(context, library)) as assistant:
        count = assistant.remove(path)
    to_json.print_result({"path": str(path), "removed": count},
                         lambda: output().print(f"{counted(count, 'file')} removed from the library."), json=json)


def notice_kept_elsewhere(assistant: Assistant) -> None:
    """Say which folders were left to the machine that keeps them up to date."""
    for root, machine in assistant.kept_elsewhere.items():
        notice(on_one_line(f"{root} is kept up to date by {machine} at the moment; nothing of it was read here."))


def finish_ingest(report: IngestReport, *, json: bool) -> None:
    """Show the report; exit with 130 if the run was stopped, with 1 if every file failed."""
    to_json.print_result(to_json.report(report), lambda: show_report(output(), report), json=json)
    if report.interrupted:
        notice(f"Stopped. {files_kept(report.indexed)} Run the command again to continue.")
        raise typer.Exit(INTERRUPTED)
    if report.failed and not report.indexed and not report.unchanged:
        raise typer.Exit(1)


Name = Annotated[str, typer.Argument(metavar="NAME", help="A library.", show_default=False)]
New = Annotated[str, typer.Argument(metavar="NEW", help="Its new name.", show_default=False)]
Target = Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.", show_default=False)]
Source = Annotated[Path, typer.Argument(metavar="FILE", help="An exported library.", show_default=False)]
NewName = Annotated[str, typer.Option("--as", metavar="NAME", help="Name for the imported library; default: its original name.")]
At = Annotated[str, typer.Option("--at", metavar="PLACE", help="Where a shared library lives: milvus://HOST:PORT/DATABASE, or "
                                 "the path of a file that ends in .db.")]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Only read the shared library on this machine.")]
LibrarySettings = Annotated[list[str] | None, typer.Argument(metavar="SETTING=VALUE", show_default=False,
                                                             help="Settings of this library only, such as chunk_tokens=300.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


def list_all(context: typer.Context, groups: As = None, json: Json = False) -> None:
    """List the libraries and what each one holds."""
    held, wrong = libraries.list_libraries(settings_of(context, groups=groups))
    if json:
        to_json.print_json({"libraries": [asdict(each) for each in held], **to_json.findings(wrong)})
        return
    for each in held:
        show_status(output(), each)
    show_findings(output(), wrong)
    if not held and not wrong:
        notice("There is no library yet. Create one: assistant add FOLDER")


def create(context: typer.Context, name: Name, own: LibrarySettings = None, at: At = "", read_only: ReadOnly = False,
           json: Json = False) -> None:
    """Create an empty library, optionally with its own settings. `assistant add -L NAME` also creates one.

    With --at the library is shared: other machines that name the same place use the same library.
    """
    folder = libraries.create(settings_of(context), name, parse_settings(own or []), at, is_read_only=read_only)
    report_change(name, libraries.place_of(folder), "linked" if at else "created", json=json)


def delete(context: typer.Context, name: Name, yes: Yes = False, json: Json = False) -> None:
    """Delete a library and all data stored for it. Your own files are not touched.

    A shared library stays where it lives; only the link on this machine is deleted.
    """
    settings = settings_of(context)
    folder = unwatched_folder(settings, name)
    if not yes and not typer.confirm(on_one_line(f"Delete the library {name} ({folder})?"), default=False, err=True):
        notice("Nothing was deleted.")
        raise typer.Exit(1)
    libraries.delete(settings, name)
    report_change(name, str(folder), "deleted", json=json)


def rename(context: typer.Context, name: Name, new: New, json: Json = False) -> None:
    """Rename a library."""
    settings = settings_of(context)
    unwatched_folder(settings, name)
    report_change(new, str(libraries.rename(settings, name, new)), "renamed", json=json)


def unwatched_folder(settings: Settings, name: str) -> Path:
    """Return the folder of a library. Raises LibraryBusy if a watch runs, which would not find the library any more."""
    folder = libraries.existing_folder(settings, name)
    if is_watched(folder):
        raise LibraryBusy(f"The library '{name}' is being watched.", f"Stop that first: assistant watch --stop -L {name}")
    return folder


def export(context: typer.Context, name: Name, target: Target, groups: As = None, json: Json = False) -> None:
    """Export a library to one file with checksums. Another machine can import it without embedding anything again.

    Of a shared library, what your groups may read. Groups are not exported: the file is readable by whoever has it.
    """
    with copying_progress() as on_progress:
        size = libraries.export(settings_of(context, groups=groups), name, target, on_progress)
    says = f"{name}: exported to {target}, {size_in_words(size)}. The file contains the text of your files: keep it safe."
    to_json.print_result({"name": name, "path": str(target), "bytes": size}, lambda: output().print(on_one_line(says)), json=json)


def import_(context: typer.Context, source: Source, name: NewName = "", at: At = "", json: Json = False) -> None:
    """Import an exported library. The file is verified before anything is changed.

    With --at it becomes a shared library, without embedding anything again.
    """
    with copying_progress() as on_progress:
        came = libraries.import_library(settings_of(context), source, name, on_progress, at)
    if json:
        to_json.print_json(asdict(came))
        return
    show_status(output(), came.held)
    for root in came.away:
        notice(on_one_line(f"{root} is not on this machine: its passages can be searched but not updated."))
    for root, other in came.shared:
        notice(on_one_line(f"{root} is also in the library {other}."))


def set_(context: typer.Context, name: Name, own: LibrarySettings = None, json: Json = False) -> None:
    """Change the settings of one library. They override config.toml; environment variables override them."""
    given = parse_settings(own or [])
    if not given:
        raise UsageError("No setting was given.", f"For example: assistant library set {name} chunk_tokens=300")
    report_change(name, str(libraries.set_library_settings(settings_of(context), name, given)), "set", json=json)


AddedFolder = Annotated[Path | None, typer.Argument(metavar="PATH", help="An added file or folder.", show_default=False)]
NewGroups = Annotated[str | None, typer.Option("--set", metavar="GROUPS", help='Let these groups read it; "" for all.')]


def groups(context: typer.Context, name: Name, path: AddedFolder = None, chosen: NewGroups = None, reader: As = None,
           json: Json = False) -> None:
    """Show which groups may read the added folders of a shared library, or change it.

    Folders that your own groups may not read are not shown. A file has the groups of the innermost added folder around it.
    """
    if (path is None) != (chosen is None):
        raise UsageError("Give a folder and its groups, or neither.", f"assistant library groups {name} FOLDER --set lawyers")
    with Assistant(settings_of(context, name, groups=reader)) as assistant:
        if path is not None and chosen is not None:
            assistant.set_groups(path, parse_groups(chosen))
        found = assistant.root_groups()
    to_json.print_result({"name": name, "groups": found}, lambda: show_groups(found), json=json)


def show_groups(found: Mapping[str, Sequence[str]]) -> None:
    """Print the added folders with the groups that may read them."""
    for root, names in found.items():
        output().print(on_one_line(f"{root}: {', '.join(names) or 'all'}"))


def parse_settings(own: list[str]) -> dict[str, str]:
    """Parse SETTING=VALUE arguments. Raises UsageError if one has no value."""
    for each in own:
        if "=" not in each:
            raise UsageError(f"'{each}' is not SETTING=VALUE.", "For example: chunk_tokens=300")
    return {key.strip(): value.strip() for key, _, value in (each.partition("=") for each in own)}


def report_change(name: str, path: str, done: str, *, json: bool) -> None:
    """Print what was done to a library; `path` is its folder or file, or the address of a shared one."""
    to_json.print_result({"name": name, "path": path, "done": done},
                         lambda: output().print(on_one_line(f"{name}: {done} ({path})")), json=json)

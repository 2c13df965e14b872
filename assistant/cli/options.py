"""Options shared by several commands, and the settings made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.console import set_library
from assistant.config import Settings, load_settings
from assistant.errors import UsageError
from assistant.system.paths import expand_user, read_file

LARGEST = 2**20  # bytes of a file of passwords

Library = Annotated[str | None, typer.Option("--library", "-L", metavar="NAME", help="The library to use.")]
Libraries = Annotated[str | None, typer.Option("--library", "-L", metavar="NAME", help="The library to search, or several: "
                                               "work,home.")]
Chat = Annotated[str | None, typer.Option("--chat", metavar="NAME_OR_PATH", help="The chat model to use: a name from the "
                                          "catalog, or a GGUF file.")]
Embed = Annotated[str | None, typer.Option("--embed", metavar="NAME_OR_PATH", help="The embedding model to use: a name from the "
                                           "catalog, or a folder.")]
Rerank = Annotated[str | None, typer.Option("--rerank", metavar="NAME_OR_PATH", help="Rerank the best passages with this model: "
                                            'a name from the catalog, or a folder; "" for none.')]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Batch = Annotated[str | None, typer.Option("--batch", metavar="FILE", help='Read questions from a file of JSON lines like '
                                           '{"id": 1, "question": "..."}; - is stdin. Prints one JSON line for each.')]

NoEngine = Annotated[bool, typer.Option("--no-engine", help="Do not use or start the engine: load the models in this "
                                        "process.")]
PasswordFile = Annotated[Path | None, typer.Option("--password-file", metavar="FILE", help="Passwords to try on encrypted files, "
                                                   "one per line. They are not stored.")]


@dataclass(frozen=True, slots=True)
class Flags:
    """Options given before the command."""

    library: str | None = None
    chat: str | None = None
    embed: str | None = None


def passwords_in(path: Path | None) -> tuple[str, ...]:
    """Return the passwords in a file, one per line; an empty tuple without a file. Raises UsageError if it cannot be read."""
    if path is None:
        return ()
    try:
        lines = re.split("\r\n|\r|\n", read_file(expand_user(path), LARGEST).decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"The password file {path} cannot be read: {error.strerror}.", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The password file {path} is not UTF-8 text.", "Save it as UTF-8.") from error
    return tuple(dict.fromkeys(line for line in lines if line))


def refuse_beside(option: str, others: Mapping[str, bool]) -> None:
    """Raise UsageError for the first of the other options that is given: it has no effect beside this one."""
    for other, is_given in others.items():
        if is_given:
            raise UsageError(f"{option} and {other} cannot be used together.", "Leave one of them out.")


def settings_of(context: typer.Context, library: str | None = None, chat: str | None = None,
                embed: str | None = None, rerank: str | None = None, groups: str | None = None) -> Settings:
    """Return the effective settings. Options after the command override those before it."""
    before = context.obj if isinstance(context.obj, Flags) else Flags()
    said = {
        "library": before.library if library is None else library,
        "chat": before.chat if chat is None else chat,
        "embed": before.embed if embed is None else embed,
        "rerank": rerank,
        "groups": groups,
    }
    set_library(said["library"])
    return load_settings({name: value for name, value in said.items() if value is not None})


As = Annotated[str | None, typer.Option("--as", metavar="GROUPS", help="Read shared libraries as a member of these groups, "
                                        "such as lawyers,partners, instead of those in the settings.")]
Paths = Annotated[list[str] | None, typer.Option("--path", metavar="PATH", help="Only this file, files in this folder, or files "
                                                 'that match a pattern such as "*lease*" (* any characters, ? one character). '
                                                 "Can be repeated.")]
Types = Annotated[list[str] | None, typer.Option("--type", metavar="SUFFIX", help="Only files of this type, such as pdf. Can be "
                                                 "repeated.")]
Since = Annotated[str | None, typer.Option("--since", metavar="WHEN", help="Only files changed since a date (2026-01-31) or in "
                                           "the last days, weeks, months or years (7d, 2w, 6m, 1y).")]

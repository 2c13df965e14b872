"""The options that several commands share, and the settings that they amount to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from assistant.config import Settings, load_settings
from assistant.errors import UsageError
from assistant.naming import expanded
from assistant.opening import read_file

LARGEST = 2**20  # bytes of a file of passwords

Library = Annotated[str | None, typer.Option("--library", "-L", metavar="NAME", help="The library to use.")]
Libraries = Annotated[str | None, typer.Option("--library", "-L", metavar="NAME", help="The library to ask, or several: "
                                               "work,home.")]
Chat = Annotated[str | None, typer.Option("--chat", metavar="NAME_OR_PATH", help="The chat model to use: a name of the catalog, "
                                          "or a GGUF file.")]
Embed = Annotated[str | None, typer.Option("--embed", metavar="NAME_OR_PATH", help="The embedding model to use: a name of the "
                                           "catalog, or a folder.")]
Rerank = Annotated[str | None, typer.Option("--rerank", metavar="NAME_OR_PATH", help="Let a reranker read the best passages, as "
                                            'many as it has time for: a name of the catalog, or a folder; "" for none.')]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Batch = Annotated[str | None, typer.Option("--batch", metavar="FILE", help='Take the questions from a file of JSON lines like '
                                           '{"id": 1, "question": "..."}; - is stdin. Prints a JSON line for each.')]

NoEngine = Annotated[bool, typer.Option("--no-engine", help="Do everything in this process; the background one that keeps the "
                                        "models loaded is neither started nor asked.")]
PasswordFile = Annotated[Path | None, typer.Option("--password-file", metavar="FILE", help="Passwords to try on encrypted files, "
                                                   "one to a line. They are kept nowhere.")]


@dataclass(frozen=True, slots=True)
class Flags:
    """What was said before the command."""

    library: str | None = None
    chat: str | None = None
    embed: str | None = None


def passwords_in(path: Path | None) -> tuple[str, ...]:
    """Return the passwords in a file, one to a line; none without a file. Raises UsageError where it cannot be read."""
    if path is None:
        return ()
    try:
        lines = re.split("\r\n|\r|\n", read_file(expanded(path), LARGEST).decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"The password file {path} cannot be read: {error.strerror}.", "Check its name.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The password file {path} is not text in UTF-8.", "Save it as UTF-8.") from error
    return tuple(dict.fromkeys(line for line in lines if line))


def settings_of(context: typer.Context, library: str | None = None, chat: str | None = None,
                embed: str | None = None, rerank: str | None = None) -> Settings:
    """Return the settings in force: what was said after the command counts more than what was said before it."""
    before = context.obj if isinstance(context.obj, Flags) else Flags()
    said = {
        "library": before.library if library is None else library,
        "chat": before.chat if chat is None else chat,
        "embed": before.embed if embed is None else embed,
        "rerank": rerank,
    }
    return load_settings({name: value for name, value in said.items() if value is not None})

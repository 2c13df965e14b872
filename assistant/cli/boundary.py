"""The one place where a failure becomes a message and an exit code. A bug keeps its traceback."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from assistant.cli.later import lightened
from assistant.cli.terminal import notice, say_error
from assistant.config import find_home
from assistant.errors import AssistantError, DiskFull

INTERRUPTED = 130
NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


class ErrorBoundary(TyperGroup):
    """The group of all commands."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """Return the options, which convert no more than they must."""
        return lightened(super().get_params(ctx))

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401 - typer's own
        """Run a command; end with a message and its exit code where it fails."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except AssistantError as error:
            raise ended(error) from error
        except KeyboardInterrupt as interrupt:
            notice("Stopped.")
            raise typer.Exit(INTERRUPTED) from interrupt
        except BrokenPipeError as closed:
            discard_output()
            raise typer.Exit(1) from closed
        except OSError as error:
            raise ended(translated(error)) from error


def ended(error: AssistantError) -> typer.Exit:
    """Say what is wrong and what to do; return the end of the program."""
    say_error(str(error), error.hint)
    return typer.Exit(error.exit_code)


def translated(error: OSError) -> AssistantError:
    """Return a failure of the disk as one that a person can act on; raise any other again."""
    if error.errno == errno.ENOSPC:
        return DiskFull("There is no room left on the disk.", "Free some space and run the command again.")
    if error.filename and (error.errno in NOT_ALLOWED or is_ours(str(error.filename))):
        return AssistantError(f"{error.filename} cannot be used: {error.strerror}.",
                              "Check its permissions, or set ASSISTANT_HOME to a folder of your own.")
    raise error


def is_ours(path: str) -> bool:
    """Return whether a path lies where this program keeps its files."""
    return Path(path).is_relative_to(find_home(os.environ)) or find_home(os.environ).is_relative_to(path)


def discard_output() -> None:
    """Send what is still in stdout's buffer nowhere: its reader has gone."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

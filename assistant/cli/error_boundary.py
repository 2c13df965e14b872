"""Turn every expected exception into a message and an exit code. Bugs keep their traceback."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import typer

from assistant.cli.console import notice, on_one_line, say_error
from assistant.cli.lazy_command import PlainTextGroup
from assistant.config import find_home
from assistant.errors import NO_ROOM, AssistantError, DiskFull, UsageError
from assistant.system.atomic_files import DamagedRecord

INTERRUPTED = 130
NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


class ErrorBoundary(PlainTextGroup):
    """The root command group, which handles the exceptions of all commands."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None,  # noqa: ANN401
                     **extra: Any) -> Any:  # noqa: ANN401
        """Parse the command line; exit with a message if it is invalid."""
        if any("\0" in argument for argument in args):
            raise report_and_exit(UsageError("An argument contains a NUL character.", "Remove it."))
        with readable_errors():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401 - typer's own
        """Run a command; exit with a message and an exit code if it fails."""
        try:
            with readable_errors(), show_warnings():
                result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except AssistantError as error:
            raise report_and_exit(error) from error
        except KeyboardInterrupt as interrupt:
            notice("Stopped.")
            raise typer.Exit(INTERRUPTED) from interrupt
        except BrokenPipeError as closed:
            discard_output()
            raise typer.Exit(1) from closed
        except OSError as error:
            raise report_and_exit(user_error(error)) from error
        except Exception as error:
            if type(error).__module__ != "sqlite3":  # compared by name: sqlite3 may not be imported yet
                raise
            raise report_and_exit(AssistantError(f"A database could not be read or written: {error}.",
                                                 "Check the library: assistant doctor --check")) from error


@contextmanager
def readable_errors() -> Iterator[None]:
    """Escape control characters in typer's own errors, which repeat the arguments."""
    try:
        yield
    except Exception as error:
        if isinstance(vars(error).get("message"), str) and hasattr(error, "format_message"):
            vars(error)["message"] = on_one_line(vars(error)["message"])
        raise


@contextmanager
def show_warnings() -> Iterator[None]:
    """Show each DamagedRecord warning once, as a notice."""
    usual, told = warnings.showwarning, set[str]()

    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None,
             line: str | None = None) -> None:
        if not issubclass(category, DamagedRecord):
            usual(message, category, filename, lineno, file, line)
        elif str(message) not in told:
            told.add(str(message))
            notice(on_one_line(str(message)))

    with warnings.catch_warnings():
        warnings.simplefilter("always", DamagedRecord)
        warnings.showwarning = show
        yield


def report_and_exit(error: AssistantError) -> typer.Exit:
    """Print the error and its hint; return the exception that exits with its code."""
    say_error(str(error), error.hint)
    return typer.Exit(error.exit_code)


def user_error(error: OSError) -> AssistantError:
    """Return an OSError as an error with a hint; re-raise one without an error number."""
    if error.errno in NO_ROOM:
        return DiskFull("There is no room left on the disk.", "Free some space and run the command again.")
    if error.filename:
        return AssistantError(f"{on_disk_name(error.filename)} cannot be used: {error.strerror}.", hint_for(error))
    if error.errno:
        return AssistantError(f"The operating system reported an error: {error.strerror}.",
                              "Run the command again from an existing folder: cd ~")
    raise error


def on_disk_name(name: str | bytes | int) -> str:
    """Return the file name of an error as text; bytes that are not UTF-8 become surrogates."""
    return os.fsdecode(name) if isinstance(name, bytes) else str(name)


def hint_for(error: OSError) -> str:
    """Return the hint for a file that cannot be used."""
    path, home = on_disk_name(error.filename), find_home(os.environ)
    if error.errno in NOT_ALLOWED or Path(path).is_relative_to(home) or home.is_relative_to(path):
        return "Check its permissions, or set ASSISTANT_HOME to a folder of your own."
    return "Check the path and the disk."


def discard_output() -> None:
    """Discard the rest of stdout: its reader has closed the pipe."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

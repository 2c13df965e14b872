"""Let signals wait for the end of work that must not be left in the middle, or for its clean-up."""

from __future__ import annotations

import importlib
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def noted_interrupts(note: Callable[[], None]) -> Iterator[None]:
    """Call `note` on Ctrl-C instead of raising: an exception in a C callback would be printed and lost.

    Only if Python's own handler is installed: a program that handles Ctrl-C itself keeps its handler.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: note())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt for Ctrl-C at the end of the block."""
    noted: list[bool] = []
    with noted_interrupts(lambda: noted.append(True)):
        yield
    if noted:
        raise KeyboardInterrupt


TERMINATIONS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
SIGNALLED = 128  # the exit code of a program that a signal ended, less the signal's number


@contextmanager
def exiting_on_termination() -> Iterator[None]:
    """Raise SystemExit on SIGTERM or SIGHUP, so that the block cleans up; further ones are ignored until it is left.

    Only for a signal that would end the process at once: a program that handles it itself, or ignores it, goes on to do so.
    """
    is_main = threading.current_thread() is threading.main_thread()
    handled = [number for number in TERMINATIONS if is_main and signal.getsignal(number) is signal.SIG_DFL]

    def leave(number: int, _frame: object) -> None:
        for each in handled:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(SIGNALLED + number)

    for number in handled:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


def import_whole(name: str) -> None:
    """Import a module to its end: some C++ libraries end the process if their import is interrupted."""
    with deferred_interrupts():
        importlib.import_module(name)

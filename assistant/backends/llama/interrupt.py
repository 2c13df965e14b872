"""Ctrl-C while llama.cpp computes: noted, so that the abort callback can stop it, instead of thrown inside the callback."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def noted_interrupts(note: Callable[[], None]) -> Iterator[None]:
    """Call `note` on Ctrl-C meanwhile. An exception thrown in a C callback would be printed and forgotten.

    Only where Python's own handler is in force: a program that handles Ctrl-C itself goes on doing so.
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

"""llama.cpp's log: kept off the terminal, its last lines remembered to say why a model did not load."""

from __future__ import annotations

import ctypes
from collections import deque
from typing import Any, ClassVar

ERROR_LEVEL = 4  # ggml.h; the bindings' own table of levels is out of date


class LogKeeper:
    """Takes over llama.cpp's log. The callback is kept for the life of the process: the library never lets go of it."""

    _callback: ClassVar[Any] = None
    _errors: ClassVar[deque[str]] = deque(maxlen=8)

    def __init__(self, api: Any) -> None:  # noqa: ANN401 - the bindings have no types
        LogKeeper._errors.clear()
        if LogKeeper._callback is None:
            LogKeeper._callback = api.llama_log_callback(self._take)
            api.llama_log_set(LogKeeper._callback, ctypes.c_void_p(0))

    @staticmethod
    def _take(level: int, text: bytes, _data: object) -> None:
        if level == ERROR_LEVEL and text.strip():
            LogKeeper._errors.append(text.decode("utf-8", "replace").strip())

    def last_error(self) -> str:
        """Return the first error of those remembered: later ones only repeat that loading failed."""
        return LogKeeper._errors[0].rpartition(": ")[2] if LogKeeper._errors else ""

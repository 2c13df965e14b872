"""Find the key of a remote chat model and the token of a shared library: in the environment or in the keyring of the system.

They are never in a settings file. The engine gets the key with each call and keeps none; child processes never inherit either
(`system/children.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from assistant.errors import UsageError

KEY_VARIABLE, TOKEN_VARIABLE = "ASSISTANT_CHAT_KEY", "ASSISTANT_LIBRARY_TOKEN"
SECRET_VARIABLES = frozenset({KEY_VARIABLE, TOKEN_VARIABLE})
SERVICE = "private-assistant"  # in the keyring; the user name is the server, HOST:PORT, after SCHEME: for a library
GIVEN: ContextVar[str | None] = ContextVar("chat key", default=None)


@contextmanager
def use_chat_key(key: str) -> Iterator[None]:
    """Use this key in the block, whatever this process's environment says; "" for none."""
    token = GIVEN.set(key)
    try:
        yield
    finally:
        GIVEN.reset(token)


def find_chat_key(server: str) -> str:
    """Return the key for a server (HOST:PORT): of `use_chat_key`, the environment or the keyring; "" if there is none.

    Raises UsageError if the key cannot be sent.
    """
    given = GIVEN.get()
    if given is not None:
        return given
    return checked(os.environ.get(KEY_VARIABLE, "").strip() or from_keyring(server), server)


def find_library_token(server: str) -> str:
    """Return the token for the server of a shared library (SCHEME:HOST:PORT), or USER:PASSWORD; "" if there is none."""
    return os.environ.get(TOKEN_VARIABLE, "").strip() or from_keyring(server)


def from_keyring(server: str) -> str:
    """Return the key in the system's keyring; "" if there is none, or the package `keyring` is not installed or not usable."""
    try:
        import keyring
    except ImportError:
        return ""
    try:
        return (keyring.get_password(SERVICE, server) or "").strip()
    except Exception:  # a locked keyring or none at all; each backend raises errors of its own
        return ""


def checked(key: str, server: str) -> str:
    """Return a key. Raises UsageError if it holds characters that no HTTP header can have."""
    if not (key.isascii() and key.isprintable()):
        raise UsageError(f"The key for {server} holds characters that no HTTP header can have.",
                         "Copy it again: it was cut or joined with something else.")
    return key

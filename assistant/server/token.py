"""The bearer token that other programs must send: created once per home, in a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from assistant.errors import OWN_FOLDER, AssistantError, HomeUnwritable
from assistant.system.atomic_files import PRIVATE_FILE, write_atomically

TOKEN_BYTES = 32
SHORTEST = 16  # characters of a token that a user wrote into the file


def token_file(home: Path) -> Path:
    """Return the file of a home's token."""
    return home / "token"


def load_token(home: Path) -> str:
    """Return the token, created if there is none. Other users lose access to its file.

    Raises AssistantError if the file cannot be used, or holds no token.
    """
    file = token_file(home)
    try:
        if not file.exists():
            create_token(file)
    except OSError as error:
        raise HomeUnwritable(f"The folder {home} cannot be written: {error.strerror or error}.", OWN_FOLDER) from error
    try:
        if os.name == "posix" and file.stat().st_mode & 0o077:
            file.chmod(PRIVATE_FILE)
        token = file.read_text("utf-8").strip()
    except OSError as error:
        raise AssistantError(f"The token file {file} cannot be read and kept private: {error.strerror or error}.",
                             "Check its owner and permissions.") from error
    except UnicodeDecodeError:
        token = ""
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable():
        raise AssistantError(f"{file} holds no token.", "Delete it: the next start makes another.")
    return token


def create_token(file: Path) -> None:
    """Write a new token. The file appears whole: of two processes that start at once, both use the same token."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, f"{secrets.token_urlsafe(TOKEN_BYTES)}\n".encode(), PRIVATE_FILE, overwrite=False)

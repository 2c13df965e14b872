"""The program's entry: `python -m assistant` and the command `assistant`."""

from __future__ import annotations

from assistant.cli.app import app
from assistant.cli.terminal import speak_unicode


def main() -> None:
    """Run the command line."""
    speak_unicode()
    app(prog_name="assistant")


if __name__ == "__main__":
    main()

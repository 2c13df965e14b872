"""Entry point of `python -m assistant` and of the command `assistant`."""

import sys

from assistant.system.environment import leave_current_folder

INTERRUPTED = 130


def main() -> None:
    """Run the command line. Ctrl-C while it is still being loaded ends it as it does later: with a word and exit code 130."""
    try:
        run_command_line()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(INTERRUPTED)


def run_command_line() -> None:
    """Run the command line. Imports follow only after the current folder is removed from the import path."""
    leave_current_folder(is_run_as_module=__name__ == "__main__")
    from assistant.cli.app import app
    from assistant.cli.console import speak_unicode

    speak_unicode()
    app(prog_name="assistant")


if __name__ == "__main__":
    main()

"""Entry point of `python -m assistant` and of the command `assistant`."""

from assistant.system.environment import leave_current_folder


def main() -> None:
    """Run the command line. Imports follow only after the current folder is removed from the import path."""
    leave_current_folder(is_run_as_module=__name__ == "__main__")
    from assistant.cli.app import app
    from assistant.cli.console import speak_unicode

    speak_unicode()
    app(prog_name="assistant")


if __name__ == "__main__":
    main()

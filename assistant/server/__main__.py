"""Run the engine's process: `python -m assistant.server`, for the home that ASSISTANT_HOME names."""

from __future__ import annotations

import logging
import os
import signal
import sys

from assistant.config import load_settings
from assistant.errors import AssistantError
from assistant.server.endpoint import endpoint_of
from assistant.server.server import Server
from assistant.system.confinement import refuse_network


def main() -> None:
    """Serve until it ends."""
    refuse_network()
    settings = load_settings()
    endpoint = endpoint_of(settings.home)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command in the terminal
    try:
        server = Server(endpoint, settings.engine_idle_minutes)
    except FileNotFoundError:
        return  # this home has been removed meanwhile, and is not made again
    try:
        server.run()
    except AssistantError as error:
        sys.exit(f"{error} {error.hint}")  # the process that started it shows this
    sys.stderr.flush()
    os._exit(0)  # worker threads may still compute for disconnected callers; nothing is written that could be lost


if __name__ == "__main__":
    main()

"""Run the server of llama-cpp-python, which others wrote: an OpenAI-compatible server with a model of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

# of an environment with the server, if this one has none
PYTHON = os.environ.get("LLAMA_SERVER_PYTHON", sys.executable)
KEY = "sk-llama-server"
MODEL = "small"
START_SECONDS = 120.0


def require_server() -> None:
    """Skip the test if the server is not installed."""
    if subprocess.run([PYTHON, "-c", "import llama_cpp.server.app"], capture_output=True).returncode != 0:
        pytest.skip("pip install 'llama-cpp-python[server]', here or in an environment whose Python LLAMA_SERVER_PYTHON names")


@dataclass(frozen=True)
class LlamaServer:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def serving(model: Path, log: Path) -> Iterator[LlamaServer]:
    """Serve a model on a free port of the loopback interface until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [PYTHON, "-m", "llama_cpp.server", "--model", str(model), "--model_alias", MODEL, "--host", "127.0.0.1",
               "--port", str(port), "--api_key", KEY, "--n_ctx", "4096", "--n_threads", "1", "--n_threads_batch", "1"]
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        server = LlamaServer(process, port)
        try:
            wait_until_ready(server, log)
            yield server
        finally:
            process.kill()


def wait_until_ready(server: LlamaServer, log: Path) -> None:
    """Return once the server lists its model."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.process.poll() is None:
        try:
            listed = httpx.get(f"{server.address}/models", headers={"Authorization": f"Bearer {KEY}"}, trust_env=False)
            if listed.json()["data"][0]["id"] == MODEL:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(f"The server did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")

"""The official MCP client against the commands, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

from assistant.config import Settings
from assistant.server.token import load_token

pytestmark = pytest.mark.clients

COMMAND = [sys.executable, "-m", "assistant", "mcp", "--no-engine"]
ROOT = Path(__file__).parents[3]
MODES = ("legacy", "auto")


async def use(client: Client) -> None:
    """Do what agents do."""
    assert {tool.name for tool in (await client.list_tools()).tools} >= {"search", "ask"}
    found = await client.call_tool("search", {"query": "deposit"})
    passage = (found.structured_content or {})["passages"][0]
    read = await client.call_tool("read_passage", {"path": passage["path"], "at": passage["at"]})
    assert "15500" in (read.structured_content or {})["text"]
    answer = await client.call_tool("ask", {"question": "How much is the deposit?"})
    assert (answer.structured_content or {})["answer"] == "The deposit is 15500 pounds [1]."
    [resource] = (await client.list_resources()).resources
    assert (await client.read_resource(resource.uri)).contents


@pytest.mark.parametrize("mode", MODES)
def test_over_stdio(settings: Settings, mode: str):
    async def run() -> None:
        parameters = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=dict(os.environ), cwd=ROOT)
        async with Client(parameters, mode=mode) as client:
            await use(client)

    asyncio.run(run())


@pytest.fixture
def http_port(settings: Settings) -> Iterator[int]:
    with subprocess.Popen([*COMMAND, "--http", "--port", "0"], stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stderr is not None
        said = process.stderr.readline().decode()
        drain = threading.Thread(target=process.stderr.read)
        drain.start()
        yield int(re.findall(r":(\d+)/mcp", said)[0])
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        drain.join()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("mode", MODES)
def test_over_http_with_the_token(settings: Settings, http_port: int, mode: str):
    async def run() -> None:
        headers = {"Authorization": f"Bearer {load_token(settings.home)}"}
        url = f"http://127.0.0.1:{http_port}/mcp"
        async with create_mcp_http_client(headers=headers) as http, \
                Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            await use(client)
        async with create_mcp_http_client() as http:
            assert (await http.post(url, json={})).status_code == 401
            forged = {**headers, "Host": "evil.example"}
            assert (await http.post(url, json={}, headers=forged)).status_code == 421

    asyncio.run(run())


def test_nothing_but_the_protocol_is_on_stdout(settings: Settings):
    """Whatever a client sends, each line that comes back is a message, and closing stdin ends the process."""
    start = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}}
    asked = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "ask", "arguments": {"question": "How much is the deposit?"}}}
    lines = [json.dumps(start), "no json", "[]", '{"jsonrpc": "2.0", "method": "notifications/initialized"}',
             '{"jsonrpc": "2.0", "id": 3, "method": "unknown/method"}', "\ufffd" * 10, json.dumps(asked)]
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        process.stdin.flush()
        heard = []
        while not any(message.get("id") == 2 for message in heard):
            heard.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        rest = process.stdout.read()
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
    assert all(message["jsonrpc"] == "2.0" for message in heard)
    assert "15500" in json.dumps(next(message for message in heard if message.get("id") == 2))
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in rest.splitlines())

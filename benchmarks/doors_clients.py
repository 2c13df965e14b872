"""Clients of the servers, honest and hostile, each in a thread that does one random thing after the other."""

from __future__ import annotations

import json
import random
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

TIMEOUT = 90.0
SAMPLE_SECONDS = 2.0
GOOD = frozenset({"chat", "stream", "search", "embed", "models", "mcp", "table"})


@dataclass
class Tally:
    """What happened, over all clients. Thread-safe as far as counters go."""

    actions: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    unauthorized: list[str] = field(default_factory=list)  # what was answered although it must not be
    internal_errors: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)  # by client
    seconds: list[float] = field(default_factory=list)  # of good requests

    @property
    def total(self) -> int:
        """The number of things that were done."""
        return self.actions.total()

    @property
    def fewest_answers(self) -> int:
        """The answers of the client that has fewest."""
        return min(self.answers.values(), default=0)

    @property
    def most_answers(self) -> int:
        """The answers of the client that has most."""
        return max(self.answers.values(), default=0)

    @property
    def longest(self) -> float:
        """The longest good request, in seconds."""
        return max(self.seconds, default=0.0)

    @property
    def median(self) -> float:
        """The median of the good requests, in seconds."""
        return statistics.median(self.seconds or [0.0])

    def note(self, action: str, status: int, text: bytes) -> None:
        """Note the response to a request; 0 if there was none."""
        self.statuses[f"{action} {status}"] += 1
        if action not in GOOD and action.startswith("forged") and status == 200:
            self.unauthorized.append(f"{action}: {text[:200]!r}")
        if status == 500 or (status == 0 and action in GOOD):
            self.internal_errors.append(f"{action} {status}: {text[-300:]!r}")


class RandomClient:
    """One client."""

    def __init__(self, number: int, web: int, mcp: int, token: str, tally: Tally) -> None:
        self._number, self._web, self._mcp, self._token, self._tally = number, web, mcp, token, tally
        self._chance = random.Random(number)
        tally.answers[number] = 0

    def act(self) -> None:
        """Do one random thing; good ones are a third of all."""
        names = sorted(GOOD) if self._chance.random() < 0.4 else HOSTILE
        action = self._chance.choice(names)
        self._tally.actions[action] += 1
        if action in GOOD:
            self._be_good(action)
        else:
            with suppress(OSError):
                self._be_bad(action)

    def _be_good(self, action: str) -> None:
        started = time.perf_counter()
        status, text = self._good_response(action)
        self._tally.note(action, status, text)
        if status == 200:
            self._tally.answers[self._number] += 1
            self._tally.seconds.append(time.perf_counter() - started)

    def _good_response(self, action: str) -> tuple[int, bytes]:
        question, user = f"How much is the deposit of tenant {self._chance.randrange(40)}?", f"client {self._number}"
        messages = [{"role": "user", "content": question}]
        if action == "chat":
            return self._post("/v1/chat/completions", {"model": "default", "messages": messages, "user": user})
        if action == "stream":
            return self._post("/v1/chat/completions", {"model": "default", "messages": messages, "user": user, "stream": True})
        if action == "embed":
            return self._post("/v1/embeddings", {"model": "default", "input": question, "user": user})
        if action == "models":
            return self._exchange(self._web, self._head("GET", "/v1/models", 0))
        if action == "mcp":
            return self._call_tool("search", {"query": question})
        if action == "table":
            return self._call_tool("query_table", {"sql": f"SELECT sum(deposit) FROM deposits WHERE tenant < {len(question)}"})
        return self._post("/search", {"question": question, "user": user})

    def _be_bad(self, action: str) -> None:
        """Do something that no honest client does."""
        ask = json.dumps({"model": "default", "stream": self._chance.random() < 0.5,
                          "messages": [{"role": "user", "content": "How much is the deposit?"}]}).encode()
        path, port = "/v1/chat/completions", self._web
        if action == "disconnect":
            self._leave(port, self._head("POST", path, len(ask)) + ask, self._chance.random() * 0.1)
        elif action == "disconnect early":
            whole = self._head("POST", path, len(ask)) + ask
            self._leave(port, whole[: self._chance.randrange(len(whole))], self._chance.random() * 0.05)
        elif action == "disconnect mcp":
            body = self._tool_call("ask", {"question": "How much is the deposit?"})
            self._leave(self._mcp, self._head("POST", "/mcp", len(body), MCP_HEADERS) + body, self._chance.random() * 0.1)
        elif action == "slow reader":
            self._read_slowly(port, self._head("POST", path, len(ask)) + ask)
        elif action == "stalled":
            self._leave(port, b"POST /ask HTTP/1.1\r\nHost: localhost\r\nX-Never: ", self._chance.random() * 3)
        else:
            self._tally.note(action, *self._refusable(action, ask))

    def _refusable(self, action: str, ask: bytes) -> tuple[int, bytes]:
        """Send something that must be refused; return the response."""
        port, path = self._chance.choice(((self._web, "/v1/chat/completions"), (self._mcp, "/mcp")))
        if action == "1 MB of text":
            ask = json.dumps({"model": "default", "messages": [{"role": "user", "content": "word " * 200_000}]}).encode()
            return self._exchange(self._web, self._head("POST", "/v1/chat/completions", len(ask)) + ask)
        if action == "3 MB":
            return self._exchange(port, self._head("POST", path, 3_000_000) + b"x" * 3_000_000)
        if action == "malformed JSON":
            body = self._chance.choice((b"{", b"[" * 100_000, b"\xff\xfe", b'{"model":', b"null", b"1" * 5000, ask[:-3]))
            return self._exchange(port, self._head("POST", path, len(body), MCP_HEADERS) + body)
        if action == "no HTTP":
            return self._exchange(port, self._chance.randbytes(200) + b"\r\n\r\n")
        head = {
            "forged token": {"Authorization": f"Bearer {self._token[:-1]}x"}, "forged nothing": {"Authorization": ""},
            "forged host": {"Host": "evil.example"}, "forged origin": {"Origin": "https://evil.example"},
        }[action]
        return self._exchange(port, self._head("POST", path, len(ask), head) + ask)

    def _call_tool(self, name: str, arguments: dict[str, object]) -> tuple[int, bytes]:
        body = self._tool_call(name, arguments)
        return self._exchange(self._mcp, self._head("POST", "/mcp", len(body), {**MCP_HEADERS, "Mcp-Name": name}) + body)

    def _tool_call(self, name: str, arguments: dict[str, object]) -> bytes:
        """Return a call of a tool in the protocol of 2026-07-28, which needs no session."""
        meta = {"io.modelcontextprotocol/protocolVersion": MCP_HEADERS["MCP-Protocol-Version"],
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": {"name": f"client {self._number}", "version": "1"}}
        return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                           "params": {"name": name, "arguments": arguments, "_meta": meta}}).encode()

    def _post(self, path: str, fields: dict[str, object]) -> tuple[int, bytes]:
        body = json.dumps(fields).encode()
        return self._exchange(self._web, self._head("POST", path, len(body)) + body)

    def _head(self, method: str, path: str, length: int, more: dict[str, str] | None = None) -> bytes:
        headers = {"Host": "localhost", "Authorization": f"Bearer {self._token}", "Content-Type": "application/json",
                   "User-Agent": "doors", "Content-Length": str(length), "Connection": "close", **(more or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode()

    def _exchange(self, port: int, sent: bytes) -> tuple[int, bytes]:
        """Send bytes; return the status and all that comes. The status is 0 if the server closed the connection without one."""
        heard = b""
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(sent)
            with suppress(ConnectionResetError):
                while piece := connection.recv(65536):
                    heard += piece
        head = heard.split(b" ", 2)
        return (int(head[1]) if len(head) > 2 and head[1].isdigit() else 0), heard

    def _leave(self, port: int, sent: bytes, seconds: float) -> None:
        """Send bytes, wait, and disconnect, sometimes with a reset."""
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
            if self._chance.random() < 0.3:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.sendall(sent)
            time.sleep(seconds)

    def _read_slowly(self, port: int, sent: bytes) -> None:
        """Send a request and read some bytes of the response, one at a time."""
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            connection.settimeout(TIMEOUT)
            connection.connect(("127.0.0.1", port))
            connection.sendall(sent)
            for _ in range(self._chance.randrange(60)):
                if not connection.recv(1):
                    return
                time.sleep(0.03)


MCP_HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call"}
HOSTILE = ("disconnect", "disconnect early", "disconnect mcp", "slow reader", "stalled", "1 MB of text", "3 MB", "malformed JSON",
           "no HTTP", "forged token", "forged nothing", "forged host", "forged origin")


def run_clients(web: int, mcp: int, token: str, seconds: float, clients: int, watch: Callable[[], None]) -> Tally:
    """Run so many clients for so long; call `watch` every few seconds."""
    tally, end = Tally(), time.monotonic() + seconds
    failures: list[BaseException] = []

    def run(client: RandomClient) -> None:
        while time.monotonic() < end and not failures:
            try:
                client.act()
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=run, args=(RandomClient(number, web, mcp, token, tally),)) for number in range(clients)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(SAMPLE_SECONDS)
        watch()
    if failures:
        raise failures[0]
    return tally

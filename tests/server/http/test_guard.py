"""Who may send requests, and which requests."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import pytest

from assistant.config import Settings
from assistant.server.http import guard, uvicorn_server
from assistant.server.http.app import routes
from assistant.server.http.guard import Access, host_name, host_names
from tests.server.serving import until
from tests.server.web import TOKEN, Web, serving_web

ADDRESSES = [(method, route.path.replace("{model:path}", "default")) for route in routes() for method in route.methods or ()]


@pytest.mark.parametrize(("method", "path"), [*ADDRESSES, ("GET", "/"), ("POST", "/nothing"), ("OPTIONS", "/ask")])
@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "é"])
def test_nothing_is_answered_without_the_token(settings: Settings, method: str, path: str, token: str):
    with serving_web() as web:
        answer = web.request(method, path, token="", headers={"authorization": f"Bearer {token}".encode()} if token else {})  # type: ignore[dict-item]
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert method == "HEAD" or set(answer.json()) == {"error"}


@pytest.mark.parametrize("header", [f"Basic {TOKEN}", TOKEN, "Bearer", f"Bearer  {TOKEN} {TOKEN}"])
def test_the_token_has_one_form(web: Web, header: str):
    assert web.request("GET", "/healthz", token="", headers={"authorization": header}).status_code == 401


def test_two_tokens_are_none(web: Web):
    with web.connect() as connection:
        lines = f"GET /healthz HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        connection.sendall(lines.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "",
                                  "user@localhost", "localhost/evil", "127.0.0.1:99999999"])
def test_other_host_names_are_refused(web: Web, host: str):
    assert web.request("GET", "/healthz", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:9", "localhost."])
def test_names_of_this_machine_are_served_with_any_port(web: Web, host: str):
    assert web.request("GET", "/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000", "http://127.0.0.1"])
def test_pages_may_not_send_requests(web: Web, origin: str):
    answer = web.request("GET", "/healthz", headers={"origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_and_a_host_that_were_allowed(settings: Settings):
    access = Access(TOKEN, host_names(["Host.Docker.Internal:80"]), frozenset({"http://localhost:3000"}))
    with serving_web(access=access) as web:
        answer = web.request("GET", "/healthz", headers={"host": "host.docker.internal:8765", "origin": "http://localhost:3000"})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
        asked = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
        assert web.request("OPTIONS", "/ask", token="", headers=asked).status_code == 200
        assert web.request("OPTIONS", "/ask", token="", headers={**asked, "origin": "http://evil.example"}).status_code == 403
        assert web.request("POST", "/ask", token="", headers={"origin": "http://localhost:3000"}).status_code == 401


def test_host_names():
    assert [host_name(host) for host in ("A:1", "[::1]", "a b", "a:b", "a?b", "")] == ["a", "::1", "a b", "", "", ""]


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(web: Web):
    big = b"x" * (guard.MOST_BYTES + 1)
    assert web.request("POST", "/ask", content=big).status_code == 413
    in_pieces = (big[start : start + 65536] for start in range(0, len(big), 65536))
    assert web.request("POST", "/ask", content=in_pieces).status_code == 413
    assert web.request("POST", "/ask", content=b"{" * 1_000_000).status_code == 400


def test_a_body_that_does_not_come_is_not_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guard.Guard.__init__, "__defaults__", (guard.MOST_BYTES, 0.2))
    with serving_web() as web, web.connect() as connection:
        head = f"POST /ask HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 9\r\n\r\n"
        connection.sendall(head.encode() + b"{")
        assert connection.recv(100).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: loc"])
def test_a_connection_without_a_request_is_closed(settings: Settings, monkeypatch: pytest.MonkeyPatch, begun: bytes):
    monkeypatch.setattr(uvicorn_server, "STALL_SECONDS", 0.2)
    with serving_web() as web, web.connect() as connection:
        connection.sendall(begun)
        started = time.monotonic()
        with suppress(ConnectionResetError):
            assert connection.recv(100) == b""
        assert time.monotonic() - started < 5


def test_a_client_that_does_not_read_is_disconnected(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uvicorn_server, "STALL_SECONDS", 0.3)
    ended = []

    def make_app(_gateway: object, _access: object):
        async def pour(scope, receive, send):
            if scope["type"] != "http":
                return
            await send({"type": "http.response.start", "status": 200, "headers": []})
            try:
                for _ in range(10_000):
                    await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
            finally:
                ended.append(1)

        return pour

    with serving_web(make_app=make_app) as web:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", web.port))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: bool(ended))
        connection.close()

"""Addresses of servers: which are valid, which the policy allows, and that a name is resolved once and every address checked."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from assistant.errors import ServerUnavailable, UsageError
from assistant.models.remote.address import is_lan, parse_server, resolve


@pytest.mark.parametrize(("address", "machine", "path"), [
    ("http://gpu.lan:8080/v1", "gpu.lan:8080", "/v1"), ("https://API.example.com/v1/", "api.example.com:443", "/v1"),
    ("http://192.168.1.5", "192.168.1.5:80", ""), ("http://[fd00::5]:1234/v1", "[fd00::5]:1234", "/v1"),
])
def test_valid_addresses(address, machine, path):
    server = parse_server(address)
    assert (server.machine, server.path) == (machine, path)


@pytest.mark.parametrize(("address", "expected"), [
    ("https://api.example.com/v1", "api.example.com"), ("http://gpu.lan:8080/v1", "gpu.lan:8080"),
    ("http://[fd00::5]/v1", "[fd00::5]"), ("https://gpu.lan:80/v1", "gpu.lan:80"),
])
def test_the_host_header_has_no_usual_port(address, expected):
    assert parse_server(address).host_header == expected


@pytest.mark.parametrize("address", ["http://", "http://host:99999/v1", "http://me:secret@host/v1", "http://key@host", "ftp://host",
                                     "http://host/v1?key=1", "http://host/v1#a", "http://host:0/v1", "http://[::1", "http://a..b/"])
def test_invalid_addresses_are_refused_and_no_password_is_repeated(address):
    with pytest.raises(UsageError) as caught:
        parse_server(address)
    assert "secret" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(("address", "expected"), [
    ("127.0.0.1", True), ("10.1.2.3", True), ("172.31.0.1", True), ("192.168.0.9", True), ("169.254.7.7", True), ("::1", True),
    ("fe80::1", True), ("fd12::1", True), ("::ffff:192.168.0.9", True), ("172.32.0.1", False), ("8.8.8.8", False),
    ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False), ("::ffff:8.8.8.8", False), ("2001:db8::1", False),
    ("64:ff9b::808:808", False), ("::", False), ("192.0.2.1", False), ("255.255.255.255", False),
])
def test_private_loopback_and_link_local_addresses_are_of_the_lan(address, expected):
    assert is_lan(ipaddress.ip_address(address)) is expected


def answering(monkeypatch, *addresses: str) -> list[str]:
    """Let name lookups give these addresses; return the list of names that were looked up."""
    asked: list[str] = []

    def look_up(host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_a_name_with_one_public_address_is_refused_with_lan(monkeypatch):
    asked = answering(monkeypatch, "192.168.1.5", "93.184.216.34")
    with pytest.raises(UsageError, match=r"public address 93\.184\.216\.34.*Nothing was sent"):
        resolve(parse_server("https://nas.home/v1"), "lan")
    assert asked == ["nas.home"]


def test_a_public_address_needs_any_and_encryption(monkeypatch):
    answering(monkeypatch, "93.184.216.34")
    assert resolve(parse_server("https://api.example.com/v1"), "any") == ("93.184.216.34",)
    with pytest.raises(UsageError, match="does not encrypt"):
        resolve(parse_server("http://api.example.com/v1"), "any")


def test_an_address_is_not_looked_up(monkeypatch):
    asked = answering(monkeypatch, "8.8.8.8")
    assert resolve(parse_server("http://192.168.1.5/v1"), "lan") == ("192.168.1.5",)
    assert asked == []


def test_an_unknown_name_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: (_ for _ in ()).throw(socket.gaierror(-2, "Name not known")))
    with pytest.raises(ServerUnavailable, match=r"gpu\.lan is unknown \(Name not known\)"):
        resolve(parse_server("http://gpu.lan/v1"), "lan")

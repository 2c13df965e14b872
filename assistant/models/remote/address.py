"""Parse the address of a server, resolve its name once, and check every address against the policy.

The connection goes to a checked address, not to the name, so that a second lookup cannot lead elsewhere (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from assistant.errors import ServerUnavailable, UsageError
from assistant.system.confinement import permit_network

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
# RFC 1918, RFC 4193, loopback and link-local; not the shared space 100.64.0.0/10 of providers (RFC 6598)
LAN = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16",
                                       "::1/128", "fe80::/10", "fc00::/7")))
PORTS = {"http": 80, "https": 443}
FORM = "Write it as http://HOST:PORT/v1 or https://HOST/v1."


@dataclass(frozen=True, slots=True)
class RemoteServer:
    """A server of chat models."""

    scheme: str  # "http" or "https"
    host: str
    port: int
    path: str  # prefix of all requests, such as "/v1"

    @property
    def machine(self) -> str:
        """The machine as it is named to the user: HOST:PORT."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def host_header(self) -> str:
        """The value of the header Host: without the port if it is the usual one."""
        return self.machine.removesuffix(f":{self.port}") if self.port == PORTS[self.scheme] else self.machine

    def url(self, host: str, path: str) -> str:
        """Return the URL of a path below the prefix, on a host or an address."""
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}{self.path}{path}"


def parse_server(address: str) -> RemoteServer:
    """Return the server at an http:// or https:// address. Raises UsageError if it is invalid or contains a password."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
        name = parts.hostname or ""
        host = name if ":" in name else name.encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise UsageError("The address of the chat model's server is not valid.", FORM) from error
    if parts.username or parts.password:
        raise UsageError("The address of the chat model's server contains a user name or a password.",
                         "Remove it; put the key into the environment variable ASSISTANT_CHAT_KEY.")
    if parts.scheme.lower() not in PORTS or not host or parts.query or parts.fragment or port == 0:
        raise UsageError("The address of the chat model's server is not valid.", FORM)
    scheme = parts.scheme.lower()
    return RemoteServer(scheme, host, port or PORTS[scheme], parts.path.rstrip("/"))


def is_lan(address: IpAddress) -> bool:
    """Return whether an address is private, loopback or link-local. An IPv4 address written as IPv6 counts as what it is."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    meant = mapped or address
    return any(meant in network for network in LAN if network.version == meant.version)


def resolve(server: RemoteServer, policy: str) -> tuple[str, ...]:
    """Return the addresses of a server, all of them allowed by the policy, "lan" or "any".

    Raises UsageError if one is not allowed, or if text would travel unencrypted to a public address; ServerUnavailable if the
    name is unknown. Nothing is looked up for a name that is an address.
    """
    addresses = tuple(dict.fromkeys(map(ipaddress.ip_address, look_up(server))))
    public = [address for address in addresses if not is_lan(address)]
    if public and policy != "any":
        raise UsageError(f"{server.machine} is at the public address {public[0]}, but remote = \"lan\" allows private addresses "
                         "only. Nothing was sent.", 'To send text there all the same: remote = "any"')
    if public and server.scheme != "https":
        raise UsageError(f"{server.machine} is at the public address {public[0]}, and http:// does not encrypt. Nothing was "
                         "sent.", "Use an https:// address.")
    return tuple(map(str, addresses))


def look_up(server: RemoteServer) -> list[str]:
    """Return the addresses of a host name. Raises ServerUnavailable if it has none."""
    try:
        return [str(ipaddress.ip_address(server.host))]
    except ValueError:
        pass
    try:
        with permit_network({server.host}):
            found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServerUnavailable(f"The name {server.host} is unknown ({getattr(error, 'strerror', None) or error}). "
                                "Nothing was sent.", "Check the address in the setting chat, and the network.") from error
    return [str(place[0]).partition("%")[0] for *_, place in found]

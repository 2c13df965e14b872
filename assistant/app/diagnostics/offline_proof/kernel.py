"""Observe network calls in the kernel: with strace (5.3 or newer), or with the counters of an empty network namespace.

Run as a module with COUNTERS COMMAND..., this runs COMMAND inside the namespace that `unshare` made and writes the counters.
Nothing in it can reach a network, not even loopback. The kernel counts for the whole namespace, for any program: IPv4 packets
sent (OutRequests) and connections without a route (OutNoRoutes). Unused sockets, and IPv6 connections in a namespace without
an IPv6 address, are not counted.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from assistant.app.diagnostics.offline_proof import NetworkEvidence
from assistant.system.children import module_command, run_inside

TRACED = "%network,execve,clone,?fork,?vfork,?clone3,?open,openat,?openat2,?io_uring_setup"
STRACE_LINE = re.compile(r"(?P<process>\d+) +(?P<call>\w+)\((?P<arguments>.*)")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
FAMILY = re.compile(r"\b[AP]F_(\w+)")
ADDRESS = re.compile(r'(?:inet_addr\("|AF_INET6, ")(?P<address>[^"]+)"')
UNIX_PATH = re.compile(r'sun_path=@?"(?P<path>[^"]*)"')
RESOLVER_FILE = re.compile(r'"/etc/(?:hosts|resolv\.conf)"')
NSCD_HOSTS = r"\\2(?:\\0){3}\S{1,4}(?:\\0){3}\\6(?:\\0){3}hosts\\0"  # a request to nscd (version 2) for its table of hosts
RESOLVER = re.compile(rf"systemd/resolve|avahi|mDNSResponder|{NSCD_HOSTS}")
LOOPBACK = re.compile(r"127\.|::1$|::ffff:127\.")
LOCAL_FAMILIES = frozenset({"UNIX", "LOCAL", "NETLINK", "ALG"})
OPENING = frozenset({"open", "openat", "openat2"})
FORKING = frozenset({"fork", "vfork", "clone", "clone3"})
ADDRESSED = frozenset({"connect", "bind", "sendto", "sendmsg", "sendmmsg"})
RING_GAP = "a process uses io_uring, whose operations strace does not show"


def strace_command(log: Path) -> list[str]:
    """Return the strace command line to put before the command to observe."""
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-s", "96", "-e", "signal=none", "-e", f"trace={TRACED}", "-o", str(log)]


def read_strace_log(log: Path, own: Path) -> NetworkEvidence:
    """Return the evidence in a log of strace. Unix sockets below the folder `own` belong to the program."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        reading = StraceReader(str(own))
        reading.take_all(lines)
    return reading.evidence()


class StraceReader:
    """Parser of an strace log, fed line by line."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._processes, self._calls, self._sockets, self._names = 1, 0, 0, 0
        self._attempts: list[str] = []
        self._apart: Counter[str] = Counter()
        self._gaps: set[str] = set()
        self._programs: dict[str, str] = {}

    def take_all(self, lines: Iterable[str]) -> None:
        """Parse every line. The second half of an interrupted call ("resumed") is skipped."""
        for line in lines:
            if found := STRACE_LINE.match(line):
                self._take(found["process"], found["call"], found["arguments"].strip())

    def evidence(self) -> NetworkEvidence:
        """Return the evidence so far."""
        return NetworkEvidence(self._processes, self._calls, self._sockets, self._names, tuple(self._attempts), dict(self._apart),
                        tuple(sorted(self._gaps)))

    def _take(self, process: str, call: str, arguments: str) -> None:
        if call == "execve":
            self._programs[process] = program_of(arguments)
        elif call in FORKING:
            self._processes += "CLONE_THREAD" not in arguments and ") = -1 " not in arguments
        elif call in OPENING:
            if RESOLVER_FILE.search(arguments):
                self._attempt(process, call, arguments, is_name=True)
        elif call == "io_uring_setup":
            self._gaps.add(RING_GAP)
        else:
            self._calls += 1
            self._take_network_call(process, call, arguments)

    def _take_network_call(self, process: str, call: str, arguments: str) -> None:
        if RESOLVER.search(arguments):
            self._attempt(process, call, arguments, is_name=True)
        elif call in {"socket", "socketpair"}:
            self._take_socket(process, call, arguments)
        elif call in ADDRESSED:
            self._take_address(process, call, arguments)

    def _take_socket(self, process: str, call: str, arguments: str) -> None:
        family = family_in(arguments)
        if family not in LOCAL_FAMILIES:
            self._sockets += 1
            self._attempt(process, call, arguments)
        elif family == "NETLINK":
            self._apart["netlink: questions to this machine's kernel"] += 1
        elif call == "socketpair":
            self._apart["pairs of sockets inside the program"] += 1

    def _take_address(self, process: str, call: str, arguments: str) -> None:
        if path := UNIX_PATH.search(arguments):
            is_own = path["path"].startswith(self._own)
            self._apart["the engine's own Unix socket" if is_own else f"Unix socket {path['path']}"] += 1
        elif address := ADDRESS.search(arguments):
            if LOOPBACK.match(address["address"]):
                self._apart[f"loopback address {address['address']}"] += 1
            else:
                self._attempt(process, call, arguments)
        elif family_in(arguments) not in {*LOCAL_FAMILIES, "", "UNSPEC"}:
            self._attempt(process, call, arguments)

    def _attempt(self, process: str, call: str, arguments: str, *, is_name: bool = False) -> None:
        self._names += is_name
        self._attempts.append(f"{self._programs.get(process, 'process')} ({process}): {call}({arguments}")


def family_in(arguments: str) -> str:
    """Return the first address family in a call outside quoted text, without its prefix; an empty string if there is none."""
    found = FAMILY.search(QUOTED.sub('""', arguments))
    return found[1] if found else ""


def program_of(arguments: str) -> str:
    """Return the first words of the command line of an execve."""
    words = [word.strip('"') for word in QUOTED.findall(arguments)]
    return " ".join([Path(words[0]).name, *words[2:5]]) if words else "process"


COUNTERS = Path("/proc/self/net/snmp")
TELLING_COUNTERS = ("Ip.OutRequests", "Ip.OutNoRoutes", "Tcp.ActiveOpens", "Udp.OutDatagrams")


def namespace_command(counters: Path) -> list[str]:
    """Return the unshare command line to put before the command to run."""
    module = "assistant.app.diagnostics.offline_proof.kernel"
    return ["unshare", "--map-root-user", "--net", *module_command(module, str(counters))]


def network_counters() -> dict[str, int]:
    """Return the kernel's counters of this network namespace, each as Protocol.Name (proc_net_snmp)."""
    lines = [line.split() for line in COUNTERS.read_text("ascii").splitlines()]
    return {f"{names[0].rstrip(':')}.{name}": int(value)
            for names, values in zip(lines[::2], lines[1::2], strict=True)
            for name, value in zip(names[1:], values[1:], strict=True)}


def counted_attempts(counters: Path) -> tuple[str, ...]:
    """Return a sentence for each counter that is not zero."""
    found = json.loads(counters.read_text("utf-8"))
    return tuple(f"the kernel counted {found[name]} of {name}" for name in TELLING_COUNTERS if found.get(name))


def main() -> int:
    """Run the command, write the counters and return the command's exit code."""
    code = run_inside(sys.argv[2:])
    Path(sys.argv[1]).write_text(json.dumps(network_counters()), "utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())

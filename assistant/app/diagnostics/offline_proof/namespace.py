"""Run a command in an empty network namespace of Linux and record what the kernel counted there.

This module, run with COUNTERS COMMAND..., runs inside the namespace that `unshare` made. Nothing in
it can reach a network, loopback included. The kernel counts for the whole namespace, whatever program calls it: packets
sent (OutRequests) and connections without a route (OutNoRoutes) of IPv4. A socket that is opened and not used, and a
connection by IPv6 in a namespace without any IPv6 address, are not counted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from assistant.system.children import command_of, run_inside

COUNTERS = Path("/proc/self/net/snmp")
TELLING_COUNTERS = ("Ip.OutRequests", "Ip.OutNoRoutes", "Tcp.ActiveOpens", "Udp.OutDatagrams")


def namespace_command(counters: Path) -> list[str]:
    """Return the command line that goes in front of the command to run."""
    module = "assistant.app.diagnostics.offline_proof.namespace"
    return ["unshare", "--map-root-user", "--net", *command_of(module, str(counters))]


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
    """Run the command, write the counters, and return the command's exit code."""
    code = run_inside(sys.argv[2:])
    Path(sys.argv[1]).write_text(json.dumps(network_counters()), "utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())

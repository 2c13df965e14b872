"""Measure the servers of other programs: what they add to a search, and whether hostile clients break them.

    python benchmarks/doors.py overhead [--count 50]
    python benchmarks/doors.py soak [--seconds 600] [--clients 20]

Both make a home of their own with fake models and an engine process. `soak` prints one JSON object and exits with 1 if a bar is
missed: no crash, no answer without a token, no leak of memory or files, no starvation.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from doors_clients import Tally, run_clients
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client  # type: ignore[attr-defined]

from assistant.app.assistant import Assistant
from assistant.config import load_settings
from assistant.datatypes import EVERY_FILE
from assistant.errors import EngineNotRunning
from assistant.server.client import EngineClient
from assistant.server.operations import SEARCH
from assistant.server.token import load_token

WORDS = "lease deposit rent notice period mill tenant landlord boiler torque invoice paint mortar window roof garden".split()
QUESTION = "How much is the deposit of the tenant?"
SETTLE_SECONDS = 45.0  # for connections that stall to be aborted
MOST_GROWTH = 1.15  # of memory, between the second and the last quarter of a soak
LONGEST_WAIT = 60.0  # seconds of a good request


@dataclass(frozen=True, slots=True)
class Served:
    """A server in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def sample(self) -> tuple[int, int]:
        """Return its memory in bytes and its number of open files."""
        process = psutil.Process(self.process.pid)
        return process.memory_info().rss, process.num_fds()


@contextmanager
def own_home() -> Iterator[Path]:
    """Make a home with a small library, fake models, and an engine; remove it afterwards."""
    home = Path(tempfile.mkdtemp(prefix="doors"))
    for name, value in {"HOME": str(home), "CHAT": "fake:", "EMBED": "fake:", "ENGINE": "on"}.items():
        os.environ[f"ASSISTANT_{name}"] = value
    (home / "files").mkdir()
    for number in range(40):
        words = " ".join(WORDS[(number + step) % len(WORDS)] for step in range(120))
        deposit = f"The deposit of tenant {number} is {number}00 pounds."
        (home / "files" / f"{number}.md").write_text(f"# Contract {number}\n\n{deposit} {words}\n", "utf-8")
    rows = "".join(f"{number},{number}00\n" for number in range(40))
    (home / "files" / "deposits.csv").write_text(f"Tenant,Deposit\n{rows}", "utf-8")
    with Assistant(load_settings()) as assistant:
        assistant.add([home / "files"])
    try:
        yield home
    finally:
        with suppress(EngineNotRunning):
            EngineClient(load_settings()).stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def serving(home: Path, *command: str) -> Iterator[Served]:
    """Run a server until the block ends, then stop it as a person does."""
    log = home / f"{command[0]}.log"
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-m", "assistant", *command, "--port", "0"], stdout=file, stderr=file)
    while b"Listening on" not in log.read_bytes():
        if process.poll() is not None:
            raise SystemExit(log.read_text("utf-8", "replace"))
        time.sleep(0.05)
    port = int(log.read_text("utf-8").split("Listening on http://127.0.0.1:")[1].split("/")[0])
    try:
        yield Served(process, port, log)
    finally:
        process.terminate()
        process.wait(30)


def overhead(count: int) -> dict[str, float]:
    """Measure searches over the engine's own socket, HTTP, and MCP, in turns; return the medians in milliseconds."""
    with own_home() as home, serving(home, "serve") as web, serving(home, "mcp", "--http") as mcp:
        return asyncio.run(search_in_turns(count, load_token(home), web.port, mcp.port))


async def search_in_turns(count: int, token: str, web: int, mcp: int) -> dict[str, float]:
    """Return the medians of so many rounds in milliseconds."""
    headers = {"Authorization": f"Bearer {token}"}
    settings = load_settings()
    engine = EngineClient(settings)
    stdio = StdioServerParameters(command=sys.executable, args=["-m", "assistant", "mcp"], env=dict(os.environ))
    over_http = streamable_http_client(f"http://127.0.0.1:{mcp}/mcp", http_client=create_mcp_http_client(headers=headers))
    async with Client(stdio) as first, Client(over_http) as second:
        with httpx.Client(base_url=f"http://127.0.0.1:{web}", headers=headers, trust_env=False) as http:
            taken: dict[str, list[float]] = {"engine": [], "http": [], "mcp stdio": [], "mcp http": []}
            for number in range(count + 3):
                question = f"{QUESTION} {number}"
                await timed(taken["engine"], asyncio.to_thread(engine.result, SEARCH, question, 5, EVERY_FILE))
                await timed(taken["http"], asyncio.to_thread(http.post, "/search", json={"question": question, "limit": 5}))
                await timed(taken["mcp stdio"], first.call_tool("search", {"query": question, "limit": 5}))
                await timed(taken["mcp http"], second.call_tool("search", {"query": question, "limit": 5}))
    return {name: round(statistics.median(times[3:]) * 1000, 2) for name, times in taken.items()}  # the first ones open libraries


async def timed(taken: list[float], work: object) -> None:
    """Note how long a call takes."""
    started = time.perf_counter()
    await work  # type: ignore[misc]
    taken.append(time.perf_counter() - started)


def soak(seconds: float, clients: int) -> dict[str, object]:
    """Let hostile clients and honest ones use both servers for so long; return what happened."""
    with own_home() as home, serving(home, "serve") as web, serving(home, "mcp", "--http") as mcp:
        token, samples = load_token(home), {"serve": [web.sample()], "mcp": [mcp.sample()]}

        def watch() -> None:
            samples["serve"].append(web.sample())
            samples["mcp"].append(mcp.sample())

        tally = run_clients(web.port, mcp.port, token, seconds, clients, watch)
        time.sleep(SETTLE_SECONDS)
        watch()
        alive = {name: each.process.poll() is None for name, each in (("serve", web), ("mcp", mcp))}
        logs = "".join(each.log.read_text("utf-8", "replace") for each in (web, mcp))
    return judged(tally, samples, alive, logs)


def judged(tally: Tally, samples: dict[str, list[tuple[int, int]]], alive: dict[str, bool], logs: str) -> dict[str, object]:
    """Return the counts and the bars that are missed."""
    bars = {
        "both servers are alive": all(alive.values()),
        "no failure is logged": "Traceback" not in logs and "failed:" not in logs,
        "nothing is answered without access": not tally.unauthorized, "no answer is an internal error": not tally.internal_errors,
        "every client has answers": tally.fewest_answers > 0,
        f"no good request takes longer than {LONGEST_WAIT:.0f} s": tally.longest < LONGEST_WAIT,
        **{f"{name}: {what}": good for name, taken in samples.items() for what, good in growth(taken).items()},
    }
    return {"requests": tally.total, "by action": tally.actions, "by status": tally.statuses, "unauthorized": tally.unauthorized,
            "internal errors": tally.internal_errors, "answers of the client with fewest": tally.fewest_answers,
            "answers of the client with most": tally.most_answers, "longest good request, s": round(tally.longest, 2),
            "median good request, s": round(tally.median, 3),
            "memory, MB": {name: [round(taken[part][0] / 1e6) for part in (0, len(taken) // 4, len(taken) // 2, -1)]
                           for name, taken in samples.items()},
            "open files": {name: [taken[0][1], max(files for _, files in taken), taken[-1][1]]
                           for name, taken in samples.items()},
            "missed": [name for name, good in bars.items() if not good], "log": logs[-2000:]}


def growth(samples: Sequence[tuple[int, int]]) -> dict[str, bool]:
    """Return whether memory has stopped growing, and whether all files were closed in the end."""
    quarter = max(1, len(samples) // 4)
    early = statistics.median(memory for memory, _ in samples[quarter : 2 * quarter] or samples)
    late = statistics.median(memory for memory, _ in samples[-quarter:])
    return {"memory has stopped growing": late <= early * MOST_GROWTH, "files are closed": samples[-1][1] <= samples[0][1] + 8}


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("overhead", "soak"))
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--clients", type=int, default=20)
    given = parser.parse_args()
    found = overhead(given.count) if given.what == "overhead" else soak(given.seconds, given.clients)
    print(json.dumps(found, indent=1, ensure_ascii=False))
    sys.exit(1 if found.get("missed") else 0)


if __name__ == "__main__":
    main()

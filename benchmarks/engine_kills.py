"""Kill the engine and its clients at random while eight clients ask 200 questions, and count the outcomes.

    python benchmarks/engine_kills.py [--questions 200] [--clients 8] [--seed 1]

Models without weights, a home of its own. Each question has an answer that no other has. Clients and the engine are killed at
random, as by the system (SIGKILL). What counts: no client that lives ends with another's answer, or without a word.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from assistant import Assistant, load_settings
from assistant.errors import EngineNotRunning, EngineUnavailable
from assistant.server.client import EngineClient

KILLED_CLIENTS = 0.15  # share of the questions whose client is killed
LONGEST_LIFE = 0.6  # seconds until then, at most
ENGINE_LIVES = (0.5, 3.0)  # seconds between two kills of the engine


def number_of(box: int) -> int:
    """Return the number that is in a box, and in no other."""
    return 100_000 + box * 7919 % 899_981


def fill(folder: Path, boxes: int) -> None:
    """Write a file for each box."""
    folder.mkdir()
    for box in range(boxes):
        (folder / f"box{box}.txt").write_text(f"The number in box {box} is {number_of(box)}.\n", "utf-8")


def ask(box: int, chance: random.Random) -> str:
    """Return how a question ended: right, error, killed, wrong or silent."""
    process = subprocess.Popen([sys.executable, "-m", "assistant", "ask", f"What is the number in box {box}?", "--json"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if chance.random() < KILLED_CLIENTS:
        time.sleep(chance.random() * LONGEST_LIFE)
        process.kill()
    output, said = process.communicate()
    if process.returncode == -signal.SIGKILL:
        return "killed"
    if process.returncode == 0:
        return "right" if str(number_of(box)) in json.loads(output)["answer"] else "wrong"
    return "error" if said.strip() and b"Traceback" not in said else "silent"


def kill_engines(line: EngineClient, chance: random.Random, over: threading.Event, killed: list[int]) -> None:
    """Kill the engine again and again."""
    while not over.wait(chance.uniform(*ENGINE_LIVES)):
        for process in running(line):
            os.kill(process, signal.SIGKILL)
            killed.append(process)


def running(line: EngineClient) -> Iterator[int]:
    """Yield the number of the engine's process, where there is one."""
    with suppress(EngineUnavailable):
        yield line.report().process


def run(questions: int, clients: int, seed: int) -> dict[str, int]:
    """Return how often a question ended in which way, and how many engines were killed."""
    chance, killed, over = random.Random(seed), list[int](), threading.Event()
    settings = load_settings()
    fill(settings.home / "files", questions)
    with Assistant(settings) as assistant:
        assistant.add([settings.home / "files"])
    line = EngineClient(settings)
    killer = threading.Thread(target=kill_engines, args=(line, random.Random(seed), over, killed))
    killer.start()
    with ThreadPoolExecutor(clients) as pool:
        boxes = chance.sample(range(questions), questions)
        ended = Counter(pool.map(lambda box: ask(box, random.Random(f"{seed} {box}")), boxes))
    over.set()
    killer.join()
    with suppress(EngineNotRunning):
        line.stop()
    return {**{kind: ended[kind] for kind in ("right", "error", "killed", "wrong", "silent")}, "engines killed": len(killed)}


def main() -> None:
    """Print what happened; end with 1 where anybody got a wrong answer, or none and no word."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills", ignore_cleanup_errors=True) as home:
        os.environ |= {"ASSISTANT_HOME": home, "ASSISTANT_CHAT": "fake:", "ASSISTANT_EMBED": "fake:", "ASSISTANT_ENGINE": "on"}
        found = run(arguments.questions, arguments.clients, arguments.seed)
    print(json.dumps(found))
    if found["wrong"] or found["silent"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

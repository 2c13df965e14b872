"""Clients take turns, and no slot is lost."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from assistant.errors import ServerBusy, TimeLimitExceeded
from assistant.server.fair_queue import FairQueue


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_clients_take_turns_however_many_requests_one_has():
    async def run() -> list[str]:
        queue, order = FairQueue(1, 100, 100, 10), list[str]()

        async def request(name: str) -> None:
            async with queue.slot(name.split("-")[0]):
                order.append(name)
                await asyncio.sleep(0)

        await queue.acquire("first")
        tasks = [asyncio.create_task(request(name)) for name in ("a-1", "a-2", "a-3", "b-1", "c-1", "b-2")]
        await settle()
        queue.release()
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(run()) == ["a-1", "b-1", "c-1", "a-2", "b-2", "a-3"]


def test_a_full_queue_refuses_at_once():
    async def run() -> None:
        queue = FairQueue(1, 3, 2, 10)
        await queue.acquire("a")
        waiting = [asyncio.create_task(queue.acquire(name)) for name in ("a", "a", "b")]
        await settle()
        for name in ("a", "c"):
            with pytest.raises(ServerBusy):
                await queue.acquire(name)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert queue.waiting == 0
        queue.release()
        await queue.acquire("c")

    asyncio.run(run())


def test_waiting_has_a_limit_in_time():
    async def run() -> None:
        queue = FairQueue(1, 3, 3, 0.01)
        await queue.acquire("a")
        with pytest.raises(TimeLimitExceeded):
            await queue.acquire("b")
        queue.release()
        await queue.acquire("b")

    asyncio.run(run())


def test_a_slot_granted_to_one_who_leaves_goes_to_the_next():
    async def run() -> None:
        queue = FairQueue(1, 10, 10, 10)
        await queue.acquire("a")
        leaving, staying = asyncio.create_task(queue.acquire("b")), asyncio.create_task(queue.acquire("c"))
        await settle()
        queue.release()  # grants b, which has not run since
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await asyncio.wait_for(staying, 1)

    asyncio.run(run())


@pytest.mark.parametrize("seed", range(20))
def test_no_slot_is_lost_or_made_at_random(seed: int):
    async def run() -> None:
        chance, slots = random.Random(seed), 3
        queue, held, most = FairQueue(slots, 1000, 1000, 10), 0, 0
        done = Counter[str]()

        async def request(client: str) -> None:
            nonlocal held, most
            async with queue.slot(client):
                held += 1
                most = max(most, held)
                try:
                    await asyncio.sleep(chance.random() / 1000)
                finally:
                    held -= 1
            done[client] += 1

        tasks = [asyncio.create_task(request(f"{number % 7}")) for number in range(200)]
        for task in chance.sample(tasks, 80):
            await asyncio.sleep(chance.random() / 2000)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most <= slots
        assert (queue.waiting, held) == (0, 0)
        for _ in range(slots):
            await asyncio.wait_for(queue.acquire("last"), 1)

    asyncio.run(run())

"""Calls to the engine from an event loop: cancelled, limited, and one at a time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from typing import Any

import pytest

from assistant.config import Settings
from assistant.datatypes import Answer
from assistant.errors import NothingIndexed, TimeLimitExceeded, UsageError
from assistant.server.channel import CallStopped, EngineChannel, InProcessChannel
from assistant.server.gateway import Gateway, GatewayLimits, GatewayQuestion
from assistant.server.protocol import EngineMessage, TokenDelta
from assistant.server.scope import Scope
from tests.server.endless import Endless
from tests.server.serving import serving, until

DEPOSIT = GatewayQuestion("How much is the deposit?")


@pytest.fixture(params=["engine", "here"])
def gateway(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Gateway]:
    if request.param == "here":
        with closing(InProcessChannel()) as channel:
            yield Gateway(channel, Scope())
        return
    with serving(settings):
        yield Gateway(EngineChannel(settings), Scope())


def test_an_answer_comes_in_pieces_and_as_a_whole(gateway: Gateway):
    async def run() -> tuple[str, Answer]:
        text, answer = "", None
        async with aclosing(gateway.ask(DEPOSIT)) as events:
            async for event in events:
                text += event.text if isinstance(event, TokenDelta) else ""
                answer = event if isinstance(event, Answer) else answer
        assert answer is not None
        return text, answer

    text, answer = asyncio.run(run())
    assert text == answer.text == "The deposit is 15500 pounds [1]."


def test_leaving_an_answer_stops_the_model(gateway: Gateway, endless: Endless):
    async def run() -> None:
        async with aclosing(gateway.ask(DEPOSIT)) as events:
            async for _ in events:
                await asyncio.to_thread(endless.wait_for_begin)
                break
        await asyncio.to_thread(endless.wait_for_stop)
        assert (await gateway.search("deposit")).hits

    asyncio.run(run())


def test_a_task_that_is_cancelled_stops_the_model(gateway: Gateway, endless: Endless):
    async def run() -> None:
        task = asyncio.create_task(gateway.answer(DEPOSIT))
        await asyncio.to_thread(endless.wait_for_begin)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(endless.wait_for_stop)

    asyncio.run(run())


def test_what_takes_too_long_is_stopped(settings: Settings, endless: Endless):
    async def run() -> None:
        with closing(InProcessChannel()) as channel, pytest.raises(TimeLimitExceeded, match="longer than 1 seconds"):
            await Gateway(channel, Scope(), GatewayLimits(answer_seconds=1)).answer(DEPOSIT)
        await asyncio.to_thread(endless.wait_for_stop)

    asyncio.run(run())


def test_errors_of_the_engine_are_raised(gateway: Gateway, settings: Settings):
    async def run() -> None:
        with pytest.raises(UsageError, match="is empty"):
            await gateway.search("  ")
        with pytest.raises(UsageError, match="characters"):
            await gateway.answer(GatewayQuestion("x" * 20_001))
        (settings.libraries_folder / "empty").mkdir()
        (settings.libraries_folder / "empty" / "library.sqlite").touch()
        with pytest.raises(NothingIndexed):
            await gateway.search("x", library="empty")

    asyncio.run(run())


class SlowChannel:
    """A channel whose calls note how many run at once."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self.lock = threading.Lock()

    def messages(self, settings: Settings, operation: Any, arguments: tuple[Any, ...],
                 should_stop: Callable[[], bool]) -> Iterator[EngineMessage]:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            while not should_stop():
                time.sleep(0.002)
            time.sleep(0.01)  # a call that ends late still holds its slot
            raise CallStopped
        finally:
            with self.lock:
                self.running -= 1
        yield  # a generator

    def close(self) -> None:
        """Do nothing."""


def test_one_answer_at_a_time_also_when_clients_leave(settings: Settings):
    async def run() -> int:
        channel = SlowChannel()
        gateway = Gateway(channel, Scope())
        tasks = [asyncio.create_task(gateway.answer(GatewayQuestion("x", client=str(number % 3)))) for number in range(20)]
        for task in tasks:
            await asyncio.sleep(0.005)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(until, lambda: not channel.running)
        return channel.most

    assert asyncio.run(run()) == 1


def test_a_closed_channel_leaves_no_thread(settings: Settings):
    before = threading.active_count()
    for _ in range(10):
        with closing(InProcessChannel()) as channel:
            assert asyncio.run(Gateway(channel, Scope()).search("deposit")).hits
    until(lambda: threading.active_count() <= before)

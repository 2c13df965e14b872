"""Queue the requests of several clients fairly: clients take turns, however many requests each of them has."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from assistant.errors import ServerBusy, TimeLimitExceeded


class FairQueue:
    """Admits at most `slots` requests at a time, round robin over clients, first come first served within each.

    For one event loop. A client is any text that identifies it.
    """

    def __init__(self, slots: int, most_waiting: int, most_per_client: int, seconds: float) -> None:
        self._free, self._most, self._most_per_client, self._seconds = slots, most_waiting, most_per_client, seconds
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()  # the next client first

    @property
    def waiting(self) -> int:
        """The number of requests that wait."""
        return sum(map(len, self._waiting.values()))

    async def acquire(self, client: str) -> None:
        """Wait for a slot, which must be released. Raises ServerBusy at once if the queue is full, or TimeLimitExceeded."""
        if self._free and not self._waiting:
            self._free -= 1
            return
        if self.waiting >= self._most or len(self._waiting.get(client, ())) >= self._most_per_client:
            raise ServerBusy("Too many requests wait already.", "Try again in a few seconds.")
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        try:
            async with asyncio.timeout(self._seconds):
                await turn
        except BaseException as error:
            self._withdraw(client, turn)
            if isinstance(error, TimeoutError):
                raise TimeLimitExceeded(f"The request waited longer than {self._seconds:.0f} seconds.",
                                        "Try again when fewer requests wait.") from error
            raise

    def release(self) -> None:
        """Give a slot back: the next client in turn gets it."""
        while self._waiting:
            client, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[client] = turns  # behind the other clients
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    @asynccontextmanager
    async def slot(self, client: str) -> AsyncIterator[None]:
        """Hold a slot during the block; raises what `acquire` raises."""
        await self.acquire(client)
        try:
            yield
        finally:
            self.release()

    def _withdraw(self, client: str, turn: asyncio.Future[None]) -> None:
        """Leave the queue; a slot that was granted meanwhile goes to the next."""
        if turn.done() and not turn.cancelled():
            self.release()
            return
        turns = self._waiting.get(client, deque())
        if turn in turns:
            turns.remove(turn)
        if not turns:
            self._waiting.pop(client, None)

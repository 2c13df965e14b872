"""Which writes a read must see, as Milvus is told it: by a consistency level, or by a timestamp of the server.

A read of the level Strong sees everything that was written before it. Many servers let it wait for that until their next tick,
0.2 to 0.4 s however little is read (measured with Milvus 2.3.5; from 2.6 on they need not). Of several reads that have to see the
same writes the first waits and the others need not: they name a moment, a timestamp that the server has given out after those
writes, and are answered at once if the server has passed it. Moments are used only with a server that was seen to be slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from assistant.index.milvus.schema import SETTLED

SLOW_SECONDS = 0.1  # a server that lets a read wait so long is asked with moments from then on
LEVEL, MOMENT = "consistency_level", "guarantee_timestamp"  # arguments of pymilvus


class ReadMoments:
    """The moments of one connection's reads; `now` asks the server for its present timestamp, 0 if it gives none.

    Rows of passages and vectors do not change once the ledger names them, so their reads share a moment until the ledger is read
    anew or this connection writes.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._is_slow = False
        self._settled = self._common = 0  # 0 if there is none
        self._depth = 0

    def options(self, collection: str) -> Mapping[str, str | int]:
        """Return the arguments of a read of a collection; none for the level Strong, which the collections have."""
        if not self._is_slow:
            return {}
        moment = 0
        if collection in SETTLED:
            moment = self._settled = self._settled or self._now()
        elif self._depth:
            moment = self._common = self._common or self._now()
        return {LEVEL: "Customized", MOMENT: moment} if moment else {}

    def note(self, seconds: float) -> None:
        """Note how long a read of the level Strong took."""
        self._is_slow = self._is_slow or seconds > SLOW_SECONDS

    def move_on(self) -> None:
        """Have the next reads see everything that was written before them."""
        self._settled = self._common = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Have the reads of the ledger in this block see what was written before the first of them."""
        if not self._depth:
            self._common = 0
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

"""Leases: which machine keeps which root up to date, with fencing numbers.

Milvus can replace rows but not compare before it does, so a lease cannot be enforced when a row is written. It is enforced when
rows are read. The rows of a root's files carry the epoch (fencing number and holder) they were written in, in the primary key
too, and readers see those of the root's current epoch only. One row, the register, says which that is. To take a root over:

1. The register and its last renewal are read; a lease that has not expired is left alone.
2. A claim is written and read again after a moment: of several machines that want the root at once, the last one goes on
   (Fischer's algorithm for mutual exclusion with reads and writes only).
3. The rows of the old epoch are copied into the new one. Nobody sees them yet.
4. One request replaces the register and the version: the new epoch is visible, the old one is not.
5. Rows of the old epoch that changed between 3 and 4 are copied again, and the old ones are deleted.

A holder that was replaced writes rows of its old epoch, which nobody reads, and learns of it from the register after its write.
"""

from __future__ import annotations

import json
import platform
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.index.milvus.connection import ROWS_AT_ONCE, MilvusConnection, Row
from assistant.index.milvus.generations import ABANDONED_SECONDS
from assistant.index.milvus.names import name_of
from assistant.index.milvus.rows import (
    CLAIM,
    FILE,
    LEASE,
    RENEWAL,
    file_key,
    gone_row,
    ledger_row,
    row_id,
    shortened_row,
    unpacked_text,
)
from assistant.index.milvus.schema import LEDGER

LEASE_SECONDS = 120.0  # without a renewal a lease expires after this time
RENEWALS = 4  # of a lease in its time
CLAIM_SECONDS = 0.5  # more than a request takes between reading a claim and writing another


@dataclass(frozen=True, slots=True)
class Lease:
    """The register of a root: who keeps it up to date, on which machine, and the fencing number, 0 if nobody ever did."""

    name: str
    holder: str = ""
    machine: str = ""
    fence: int = 0

    @property
    def epoch(self) -> str:
        """What the rows of this holder carry; "" if there is no holder."""
        return f"{self.fence}-{self.holder}" if self.fence else ""

    def row(self) -> Row:
        """Return the row of the ledger."""
        return ledger_row(LEASE, self.name, asdict(self))


class LeaseTable:
    """The leases in the ledger of a library, as one holder sees and changes them."""

    def __init__(self, connection: MilvusConnection, holder: str, version_rows: Callable[[], Sequence[Row]],
                 clock: Callable[[], float] = time.time, pause: Callable[[float], None] = time.sleep) -> None:
        self._connection, self._holder, self._version_rows = connection, holder, version_rows
        self.clock, self.pause = clock, pause
        self._held: dict[str, Lease] = {}
        self._renewed: dict[str, float] = {}
        self._inherited: set[str] = set()  # held by another process of this machine

    def held(self, name: str) -> Lease:
        """Return the lease of a root if this process holds it; else one without a holder."""
        return self._held.get(name, Lease(name))

    def current(self, names: Iterable[str]) -> dict[str, Lease]:
        """Return the leases of these roots as the registers say now, by name."""
        wanted = list(names)
        values = self._values(row_id(LEASE, name) for name in wanted)
        found = {str(value["name"]): Lease(**value) for value in values}
        return {name: found.get(name, Lease(name)) for name in wanted}

    def take(self, name: str) -> tuple[Lease, bool]:
        """Take or renew the lease of a root; return the lease in force, and whether its rows are new to this process.

        The lease is another machine's if that keeps the root up to date.
        """
        with self._connection.at_one_moment():
            lease = self.current([name])[name]
            expires = self._expires(lease) if lease != self._held.get(name) else 0.0
        if lease == self._held.get(name):
            self.renew([name])
            return lease, False
        if lease.holder == self._holder:
            if expires > self.clock():
                self._inherited.add(name)
            self._held[name] = lease
            self.renew([name])
            return lease, True
        self.forget([name])
        if expires > self.clock():
            return lease, False
        return self._take_over(lease)

    def renew(self, names: Iterable[str] = ()) -> None:
        """Renew the leases of these roots, or of all that this process holds, that were not renewed for a while."""
        now = self.clock()
        due = [name for name in (list(names) or self._held)
               if name in self._held and now - self._renewed.get(name, float("-inf")) > LEASE_SECONDS / RENEWALS]
        self._connection.upsert(LEDGER, [renewal_row(self._held[name], now) for name in due])
        self._renewed.update(dict.fromkeys(due, now))

    def release(self) -> None:
        """Let the leases of this process expire now, but for those that another process of this machine holds too."""
        own = [lease for name, lease in self._held.items() if name not in self._inherited]
        self._connection.upsert(LEDGER, [renewal_row(lease, 0.0) for lease in own])
        self.forget(list(self._held))

    def forget(self, names: Iterable[str]) -> None:
        """Forget leases that another machine has taken over."""
        for name in names:
            self._held.pop(name, None)
            self._renewed.pop(name, None)
            self._inherited.discard(name)

    def lost(self, names: Iterable[str]) -> list[Lease]:
        """Return the leases in force of those of these roots that this process has held and another machine has taken over.

        Raises ServerUnavailable if the server does not return a register: that is no other holder.
        """
        held = {name: self._held[name] for name in names if name in self._held}
        current = self.current(held) if held else {}
        self._connection.require_all(sum(lease.fence > 0 for lease in current.values()), len(held))
        return [lease for name, lease in current.items() if lease != held[name]]

    def sweep(self) -> None:
        """Delete the rows of files of past epochs, but not of roots that a machine may be taking over."""
        claims = self._connection.query(LEDGER, f'kind == "{CLAIM}"', ("value",))
        times = {each["name"]: each["time"] for each in (json.loads(unpacked_text(row["value"])) for row in claims)}
        rows = self._connection.query(LEDGER, f'kind == "{FILE}"', ("id", "value"))
        of_root: dict[str, list[tuple[str, str]]] = {}
        for row in rows:
            value = json.loads(unpacked_text(row["value"]))
            of_root.setdefault(name_of(value["path"]), []).append((row["id"], value.get("epoch", "")))
        settled = [name for name in of_root if name and self.clock() - times.get(name, 0.0) > ABANDONED_SECONDS]
        for name, lease in self.current(settled).items():
            self._connection.delete(LEDGER, "id", [row for row, epoch in of_root[name] if epoch != lease.epoch])

    def _take_over(self, old: Lease) -> tuple[Lease, bool]:
        if not self._claim(old):
            return self.current([old.name])[old.name], False
        new = Lease(old.name, self._holder, platform.node(), old.fence + 1)
        copied = self._copy(old, new, {})
        now = self.clock()
        self._connection.upsert(LEDGER, [renewal_row(new, now)])
        self._connection.upsert(LEDGER, [new.row(), *self._version_rows()])
        self._held[old.name], self._renewed[old.name] = new, now
        left = self._copy(old, new, copied)
        dead = [row_id(FILE, file_key(path, old.epoch)) for path in copied.keys() | left.keys()] if old.epoch else []
        self._connection.delete(LEDGER, "id", dead)
        return new, True

    def _claim(self, old: Lease) -> bool:
        """Return whether this process may take a root over: no other has claimed it meanwhile."""
        token = secrets.token_hex(8)
        claim = {"name": old.name, "token": token, "time": self.clock()}
        self._connection.upsert(LEDGER, [ledger_row(CLAIM, old.name, claim)])
        self.pause(CLAIM_SECONDS)
        with self._connection.at_one_moment():
            claims = self._values([row_id(CLAIM, old.name)])
            return [each["token"] for each in claims] == [token] and self.current([old.name])[old.name] == old

    def _copy(self, old: Lease, new: Lease, copied: dict[str, str]) -> dict[str, str]:
        """Copy the files of an epoch into a new one, as far as they are not copied; return the values of the old rows by path."""
        if not old.epoch:
            return {}
        rows = self._connection.query(LEDGER, f'kind == "{FILE}"', ("value",))
        found: dict[str, str] = {}
        for row in rows:
            value = json.loads(unpacked_text(row["value"]))
            if value.get("epoch", "") == old.epoch and name_of(value["path"]) == old.name:
                found[value["path"]] = row["value"]
        changed = [copy_of(text, new.epoch) for path, text in found.items() if copied.get(path) != text]
        changed += [gone_row(FILE, file_key(path, new.epoch)) for path in copied.keys() - found.keys()]
        for start in range(0, len(changed), ROWS_AT_ONCE):
            self._connection.upsert(LEDGER, changed[start : start + ROWS_AT_ONCE])
        if copied and changed:
            self._connection.upsert(LEDGER, self._version_rows())
        return found

    def _expires(self, lease: Lease) -> float:
        """Return when a lease expires, in seconds since 1970; 0 if it was released or never renewed."""
        values = self._values([row_id(RENEWAL, renewal_key(lease))]) if lease.fence else []
        return max((float(value["time"]) + float(value["seconds"]) for value in values if value["time"]), default=0.0)

    def _values(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        rows = self._connection.by_values(LEDGER, "id", list(ids), ("value",))
        return [json.loads(unpacked_text(row["value"])) for row in rows]


def renewal_key(lease: Lease) -> str:
    """Return the key of the renewals of an epoch: its own, so that a late renewal cannot touch the lease of another holder."""
    return f"{lease.name}\0{lease.epoch}"


def renewal_row(lease: Lease, now: float) -> Row:
    """Return the row that renews a lease at a time; 0 releases it."""
    return ledger_row(RENEWAL, renewal_key(lease), {"name": lease.name, "time": now, "seconds": LEASE_SECONDS})


def copy_of(text: str, epoch: str) -> Row:
    """Return the row of a file in another epoch."""
    value = json.loads(unpacked_text(text))
    return shortened_row(file_key(value["path"], epoch), {**value, "epoch": epoch})

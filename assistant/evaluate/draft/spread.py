"""The places of all passages in; an order in which each format, each file of it and each part of a file has its turn, out."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TypeVar

Item = TypeVar("Item")

SEED = 11


def spread(places: Sequence[tuple[int, str]]) -> list[int]:
    """Return the numbers of (number, path) pairs: formats in turns, then files in turns, their passages shuffled.

    The order is the same for the same library.
    """
    chance = random.Random(SEED)
    formats: dict[str, dict[str, list[int]]] = {}
    for number, path in sorted(places, key=lambda place: (place[1], place[0])):
        formats.setdefault(PurePath(path).suffix.lower(), {}).setdefault(path, []).append(number)
    of_formats = []
    for files in formats.values():
        for numbers in files.values():
            chance.shuffle(numbers)
        shuffled = list(files.values())
        chance.shuffle(shuffled)
        of_formats.append(list(in_turns(shuffled)))
    return list(in_turns(of_formats))


def in_turns(groups: Sequence[Sequence[Item]]) -> Iterator[Item]:
    """Yield the first of each group, then the second of each, and so on."""
    for turn in range(max(map(len, groups), default=0)):
        yield from (group[turn] for group in groups if turn < len(group))

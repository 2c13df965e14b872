"""Kept turns in; the same without the words of files that the person removed out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from assistant.datatypes import Citation, Turn
from assistant.text.languages import HAN

GONE = "This answer was taken out: a file that it stands on was removed from the library."
GONE_ZH = "此回答已删除：它所依据的文件已从资料库中移除。"
CHINESE = re.compile(f"[{HAN}]")

IsGone = Callable[[Citation], bool]


def without_gone(turns: Iterable[Turn], is_gone: IsGone) -> Iterator[Turn]:
    """Yield the turns, each answer that has a source that is gone exchanged for a sentence that says so; questions stay.

    An answer about such a turn goes with it, since it repeats it. Of the sources that are gone the place stays, not the words.
    """
    taken = False
    for turn in turns:
        if any(held(cited) and (is_gone(cited) or (taken and cited.kind == "turn")) for cited in turn.citations):
            taken = True
            yield replace(turn, answer=GONE_ZH if CHINESE.search(turn.question) else GONE, searched="",
                          citations=tuple(replace(cited, title="", quote="") for cited in turn.citations))
        else:
            yield replace(turn, searched="") if taken else turn  # what was searched for may hold words of the answer before


def held(cited: Citation) -> bool:
    """Return whether there are words to take out."""
    return bool(cited.quote)

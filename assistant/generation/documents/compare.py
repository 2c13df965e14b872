"""Compare two files sentence by sentence. No model: what is said is exact by construction.

The work can be long. It is reported and can be ended: the report raises KeyboardInterrupt where nobody waits any more.
"""

from __future__ import annotations

import difflib
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.datatypes import Hit, OnProgress, Progress
from assistant.generation.documents.alignment import Numbering, gaps, match_sentences
from assistant.generation.documents.cited_lines import CitedLine, File, cite_span, one_line
from assistant.generation.documents.item_patterns import RULER
from assistant.generation.documents.prompts import localized
from assistant.text.languages import CJK
from assistant.text.sentences import spans, tokens

COMPARING = "comparing"
SECONDS = 0.1  # between two reports


def no_progress(_progress: Progress) -> None:
    """Report to nobody."""


class StepProgress:
    """Counts steps. At most ten times a second it reports their number; whoever hears it ends the work by raising."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress, self._done, self._total, self._last = on_progress, 0, 0, time.monotonic()

    def expect(self, total: int) -> None:
        """Say how many steps there will be, and begin to count them."""
        self._done, self._total = 0, total

    def reach(self, done: int) -> None:
        """Say how many steps are done."""
        self._done = done
        self.beat()

    def step(self) -> None:
        """Count a step, and report it where the last report was a while ago."""
        self._done += 1
        self.beat()

    def beat(self) -> None:
        """Report where the last report was a while ago."""
        now = time.monotonic()
        if now - self._last >= SECONDS:
            self._last = now
            self._on_progress(Progress(COMPARING, min(self._done, self._total), self._total))


MIN_SIMILARITY = 0.5  # of the words of two sentences, for one to be the other's new version
MIN_COMMON = 0.1  # of the sentences, below which a comparison says little
LONGEST, LONGEST_WORDS, MOST_WORDS = 300, 60, 4  # characters of a sentence and of a change in it, and changes that are named
SHOWN = 200
PIECE = re.compile(f"[{CJK}]|\\d[\\d.,:/%-]*\\d%?|\\w+|[^\\w\\s]")


@dataclass(frozen=True, slots=True)
class FileSentence:
    """A sentence of a file: text[start:end] of a passage, and its words as they are compared."""

    hit: Hit
    start: int
    end: int
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sentence as it is shown."""
        return one_line(self.hit.chunk.text[self.start : self.end], LONGEST)


@dataclass(frozen=True, slots=True)
class SentenceChange:
    """A sentence that was, one that is, or both."""

    old: tuple[FileSentence, ...]
    new: tuple[FileSentence, ...]


def compare_files(old: File, new: File, language: str, on_progress: OnProgress = no_progress) -> list[CitedLine]:
    """Return what changed, in the order of the new file. `on_progress` may raise to end it."""
    pulse = StepProgress(on_progress)
    before, after = file_sentences(old, pulse), file_sentences(new, pulse)
    pulse.expect(len(before))
    changes = changes_between(before, after, pulse)
    counts = Counter(change_kind(change) for change in changes)
    same = len(after) - counts["added"] - counts["changed"]
    names = {"old": old.source.name, "new": new.source.name, "same": same}
    if not changes:
        return [CitedLine(localized("identical", language, **names))]
    lines = [CitedLine(localized("compared", language, **names, **{kind: counts[kind] for kind in ("changed", "added", "removed")}))]
    if same + counts["changed"] < MIN_COMMON * max(len(before), len(after)):
        lines.append(CitedLine(localized("strangers", language, **names)))
    lines += [describe_change(change, language) for change in changes[:SHOWN]]
    return [*lines, CitedLine(localized("rest", language, count=len(changes) - SHOWN))] if len(changes) > SHOWN else lines


def change_kind(change: SentenceChange) -> str:
    """Return what became of a sentence."""
    return "changed" if change.old and change.new else "added" if change.new else "removed"


def file_sentences(file: File, pulse: StepProgress) -> list[FileSentence]:
    """Return the sentences of a file that have a word in them."""
    found: list[FileSentence] = []
    for hit in file.passages:
        pulse.beat()
        found += chunk_sentences(hit)
    return found


def chunk_sentences(hit: Hit) -> Iterator[FileSentence]:
    """Yield the sentences of a passage that have a word in them."""
    text = hit.chunk.text
    for start, end in spans(text):
        if not RULER.match(text[start:end]) and (words := tuple(tokens(text[start:end]))):
            yield FileSentence(hit, start, end, words)


def changes_between(before: Sequence[FileSentence], after: Sequence[FileSentence], pulse: StepProgress) -> list[SentenceChange]:
    """Return the changes: longest common runs of sentences first (Ratcliff and Obershelp, 1988), then likeness between them."""
    numbering = Numbering()
    old, new = (np.array([numbering.sentence(each.words) for each in side], np.intp) for side in (before, after))
    changes: list[SentenceChange] = []
    for gap in gaps(old, new, pulse.beat):
        pulse.reach(gap.first.start)
        changes += pair_sentences(before[gap.first], after[gap.second], numbering, pulse)
    return drop_moved(changes)


def pair_sentences(old: Sequence[FileSentence], new: Sequence[FileSentence], numbering: Numbering, pulse: StepProgress) -> list[SentenceChange]:
    """Return the changes between two runs of sentences: the most alike are versions of one another."""
    was, now = ([numbering.words(each.words) for each in side] for side in (old, new))
    partner = match_sentences(was, now, MIN_SIMILARITY, pulse.step)
    versions = {second: first for first, second in partner.items()}
    gone = [SentenceChange((was,), ()) for first, was in enumerate(old) if first not in partner]
    come = [SentenceChange((old[versions[second]],) if second in versions else (), (now,)) for second, now in enumerate(new)]
    return [change for change in (*gone, *come) if not change.old or not change.new or change.old[0].words != change.new[0].words]


def drop_moved(changes: Sequence[SentenceChange]) -> list[SentenceChange]:
    """Return the changes without sentences that only stand elsewhere now."""
    come = Counter(change.new[0].words for change in changes if not change.old)
    gone = Counter(change.old[0].words for change in changes if not change.new)
    moved = come & gone
    left = {False: moved.copy(), True: moved.copy()}
    kept: list[SentenceChange] = []
    for change in changes:
        one_sided = bool(change.old) != bool(change.new)
        side, words = bool(change.new), (change.new or change.old)[0].words
        if one_sided and left[side][words] > 0:
            left[side][words] -= 1
        else:
            kept.append(change)
    return kept


def describe_change(change: SentenceChange, language: str) -> CitedLine:
    """Return a change in words: what is other, then both sentences, each with its place."""
    sides = tuple(cite_span(each.hit, each.start, each.end) for each in (*change.old, *change.new))
    colon = "：" if language == "zh" else ": "
    text = f"- {localized(change_kind(change), language)}{colon}"
    if change.old and change.new:
        short = "; ".join(f"{was} → {now}" for was, now in replaced_words(change.old[0].text, change.new[0].text))
        text += f"{short} — " if short else ""
    places: list[int] = []
    for each in (*change.old, *change.new):
        text += f"{' → ' if places else ''}“{each.text}” "
        places.append(len(text))
    return CitedLine(text, sides, tuple(places))


def replaced_words(old: str, new: str) -> list[tuple[str, str]]:
    """Return the words that gave way to others, where they are few enough to be named."""
    pairs = [pair for pair in word_swaps(old, new) if any(character.isalnum() for side in pair for character in side)]
    short = all(was and now and len(was) <= LONGEST_WORDS and len(now) <= LONGEST_WORDS for was, now in pairs)
    return pairs if short and len(pairs) <= MOST_WORDS else []


def word_swaps(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield each run of words that is not the same, as it was and as it is."""
    was, now = list(PIECE.finditer(old)), list(PIECE.finditer(new))
    matcher = difflib.SequenceMatcher(None, [each.group() for each in was], [each.group() for each in now], autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            yield span_text(old, was[old_start:old_end]), span_text(new, now[new_start:new_end])


def span_text(text: str, pieces: Sequence[re.Match[str]]) -> str:
    """Return the stretch of text from the first piece to the last."""
    return text[pieces[0].start() : pieces[-1].end()] if pieces else ""

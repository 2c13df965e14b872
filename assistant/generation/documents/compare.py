"""Compare two files sentence by sentence, without a model.

The comparison can take long: it reports progress, and the callback may raise KeyboardInterrupt to stop it.
"""

from __future__ import annotations

import difflib
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.datatypes import Hit, OnProgress, Progress, ignore_progress
from assistant.generation.documents.alignment import Numbering, gaps, match_sentences
from assistant.generation.documents.cited_lines import RULER, CitedLine, File, cite_span, localized, one_line
from assistant.generation.documents.task import shown_names
from assistant.text.languages import CJK
from assistant.text.sentences import sentence_spans, tokens

COMPARING = "comparing"
SECONDS = 0.1  # minimum interval between reports
MIN_SIMILARITY = 0.5  # of two sentences that are versions of each other
MIN_COMMON = 0.1  # share of common sentences below which a comparison says little
MAX_SENTENCE, MAX_SWAP, MAX_SWAPS = 300, 60, 4  # characters of a sentence and of a replaced run, replaced runs that are named
SHOWN = 200
PIECE = re.compile(f"[{CJK}]|\\d[\\d.,:/%-]*\\d%?|\\w+|[^\\w\\s]")


@dataclass(frozen=True, slots=True)
class FileSentence:
    """A sentence of a file: text[start:end] of a chunk, and its words as they are compared."""

    hit: Hit
    start: int
    end: int
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sentence as it is displayed."""
        return one_line(self.hit.chunk.text[self.start : self.end], MAX_SENTENCE)


@dataclass(frozen=True, slots=True)
class SentenceChange:
    """A removed sentence, an added one, or the two versions of a changed one."""

    old: tuple[FileSentence, ...]
    new: tuple[FileSentence, ...]


class StepProgress:
    """Step counter that reports progress at most ten times a second. The callback may raise to stop the work.

    done, total: the number of finished steps and of all
    """

    def __init__(self, on_progress: OnProgress) -> None:
        self.done = self.total = 0
        self._on_progress, self._last = on_progress, time.monotonic()

    def step(self) -> None:
        """Count one step."""
        self.done += 1
        self.beat()

    def beat(self) -> None:
        """Report progress if the last report is old enough."""
        now = time.monotonic()
        if now - self._last >= SECONDS:
            self._last = now
            self._on_progress(Progress(COMPARING, min(self.done, self.total), self.total))


def compare_files(old: File, new: File, language: str, on_progress: OnProgress = ignore_progress) -> list[CitedLine]:
    """Return the changes in the order of the new file. `on_progress` may raise to stop the comparison."""
    progress = StepProgress(on_progress)
    before, after = file_sentences(old, progress), file_sentences(new, progress)
    progress.total = len(before)
    changes = changes_between(before, after, progress)
    counts = Counter(change_kind(change) for change in changes)
    same = len(after) - counts["added"] - counts["changed"]
    shown = shown_names([old.source.path, new.source.path])
    names = {"old": shown[old.source.path], "new": shown[new.source.path], "same": same}
    if not changes:
        return [CitedLine(localized("identical", language, **names))]
    numbers = {kind: counts[kind] for kind in ("changed", "added", "removed")}
    lines = [CitedLine(localized("compared", language, **names, **numbers))]
    if same + counts["changed"] < MIN_COMMON * max(len(before), len(after)):
        lines.append(CitedLine(localized("strangers", language, **names)))
    lines += [describe_change(change, language) for change in changes[:SHOWN]]
    return [*lines, CitedLine(localized("rest", language, count=len(changes) - SHOWN))] if len(changes) > SHOWN else lines


def change_kind(change: SentenceChange) -> str:
    """Return "changed", "added" or "removed"."""
    return "changed" if change.old and change.new else "added" if change.new else "removed"


def file_sentences(file: File, progress: StepProgress) -> list[FileSentence]:
    """Return the sentences of a file that contain a word."""
    found: list[FileSentence] = []
    for hit in file.passages:
        progress.beat()
        text = hit.chunk.text
        found += [FileSentence(hit, start, end, words) for start, end in sentence_spans(text)
                  if not RULER.match(text[start:end]) and (words := tuple(tokens(text[start:end])))]
    return found


def changes_between(before: Sequence[FileSentence], after: Sequence[FileSentence],
                    progress: StepProgress) -> list[SentenceChange]:
    """Return the changes: align common runs (Ratcliff and Obershelp 1988), then match sentences between them."""
    numbering = Numbering()
    old, new = (np.array([numbering.sentence(each.words) for each in side], np.intp) for side in (before, after))
    changes: list[SentenceChange] = []
    for removed, added in gaps(old, new, progress.beat):
        progress.done = removed.start
        progress.beat()
        changes += pair_sentences(before[removed], after[added], numbering, progress)
    return drop_moved(changes)


def pair_sentences(old: Sequence[FileSentence], new: Sequence[FileSentence], numbering: Numbering,
                   progress: StepProgress) -> list[SentenceChange]:
    """Return the changes between two runs of sentences; the most similar sentences are versions of each other."""
    was, now = ([numbering.words(each.words) for each in side] for side in (old, new))
    partner = match_sentences(was, now, MIN_SIMILARITY, progress.step)
    versions = {second: first for first, second in partner.items()}
    removed = [SentenceChange((was,), ()) for first, was in enumerate(old) if first not in partner]
    kept = [SentenceChange((old[versions[second]],) if second in versions else (), (now,)) for second, now in enumerate(new)]
    return [change for change in (*removed, *kept)
            if not change.old or not change.new or change.old[0].words != change.new[0].words]


def drop_moved(changes: Sequence[SentenceChange]) -> list[SentenceChange]:
    """Return the changes without sentences that only moved."""
    added = Counter(change.new[0].words for change in changes if not change.old)
    removed = Counter(change.old[0].words for change in changes if not change.new)
    moved = added & removed
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
    """Return a change as a line: the words that differ, then both sentences with their citations."""
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
    """Return the pairs of replaced words; an empty list if they are too many or too long to name."""
    was, now = list(PIECE.finditer(old)), list(PIECE.finditer(new))
    matcher = difflib.SequenceMatcher(None, [each.group() for each in was], [each.group() for each in now], autojunk=False)
    swaps = [(span_text(old, was[old_start:old_end]), span_text(new, now[new_start:new_end]))
             for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes() if tag != "equal"]
    pairs = [pair for pair in swaps if any(character.isalnum() for side in pair for character in side)]
    short = all(0 < len(side) <= MAX_SWAP for pair in pairs for side in pair)
    return pairs if short and len(pairs) <= MAX_SWAPS else []


def span_text(text: str, pieces: Sequence[re.Match[str]]) -> str:
    """Return the text from the first to the last match."""
    return text[pieces[0].start() : pieces[-1].end()] if pieces else ""

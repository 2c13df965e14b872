"""Summarize files: the model takes notes on each part, and every note is verified against the text.

Parts without a verified note are summarized by their most central sentences (TextRank).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from assistant.datatypes import Hit, Message
from assistant.generation.citing_stream import MARKER, marker_numbers
from assistant.generation.documents.cached_llm import CachedLLM, choice_prompt, notes_prompt, parse_numbers, split_into_parts
from assistant.generation.documents.cited_lines import RULER, CitedLine, File, cite_span, localized, one_line
from assistant.generation.documents.task import shown_names
from assistant.generation.support import attribute, cite
from assistant.generation.untrusted_text import without_comments
from assistant.text.facts import ParsedChunk, parse_chunk, parse_claim
from assistant.text.languages import is_cjk
from assistant.text.languages import language as language_of
from assistant.text.sentences import contains_numbers, sentence_spans, token_recall, tokens

NOTES_TOKENS, CHOICE_TOKENS = 200, 48
NOTES_PER_PART, FEW_PARTS = 4, 2  # notes requested per part; more if the file has few parts
MAX_NOTES, MAX_NOTES_EACH = 10, 4  # notes on a single file, and on each of several
GROUP = 24  # notes that the model chooses from at once
QUOTES, QUOTES_IF_FEW = 2, 5  # sentences quoted instead of notes on a part; more if the file has few parts
MAX_QUOTE, MIN_QUOTE = 260, 25  # characters
NEAR_DUPLICATE = 0.8  # minimum share of common tokens
DAMPING, ROUNDS = 0.85, 30
MIN_TOKENS = 4  # of a sentence that is ranked


def summarize(files: Sequence[File], language: str, writer: CachedLLM) -> list[CitedLine]:
    """Return the summary of each file; every line is fully supported by the chunks it cites."""
    parts = {file: split_into_parts(file.passages, writer.chat, NOTES_TOKENS) for file in files}
    writer.expect([(file.source.content_hash, notes_messages(part, language, len(parts[file])), NOTES_TOKENS)
                   for file in files for part in parts[file]])
    limit = MAX_NOTES if len(files) == 1 else MAX_NOTES_EACH
    noted = {file: [take_notes(file, part, language, len(parts[file]), writer) for part in parts[file]] for file in files}
    lines: list[CitedLine] = []
    names = shown_names(file.source.path for file in files)
    for file in files:
        lines += [CitedLine("")] if lines else []
        notes = [line for lines_of_part, _ in noted[file] for line in lines_of_part]
        lines += summarize_file(file, names[file.source.path], notes, limit, language, writer)
    extracted = sum(is_extracted for each in noted.values() for _, is_extracted in each)
    total = sum(len(each) for each in noted.values())
    return [*lines, CitedLine(""), CitedLine(localized("quoted", language, count=extracted, total=total))] if extracted else lines


def notes_messages(part: Sequence[Hit], language: str, parts: int) -> tuple[Message, ...]:
    """Return the messages that ask for notes on a part of a file."""
    count = NOTES_PER_PART + (2 if parts <= FEW_PARTS else 0)
    # terms of a text cannot be compared with notes in another language
    is_other_language = language_of(" ".join(hit.chunk.text for hit in part)[:2000]) != language
    return notes_prompt(part, language, count, with_numbers=is_other_language)


def summarize_file(file: File, name: str, notes: Sequence[CitedLine], limit: int, language: str, writer: CachedLLM
                   ) -> list[CitedLine]:
    """Return the summary of one file, under its name."""
    if not notes:
        return [CitedLine(localized("empty", language, files=name))]
    chosen = select_notes(file, drop_duplicates(notes), limit, writer)
    heading = CitedLine(localized("summary", language, files=name))
    return [heading, *(CitedLine(f"- {line.text}", line.citations) for line in chosen)]


def take_notes(file: File, part: Sequence[Hit], language: str, parts: int,
               writer: CachedLLM) -> tuple[tuple[CitedLine, ...], bool]:
    """Return the model's supported notes on a part, or else its most central sentences, and whether it is these."""
    reply = writer.write(file.source.content_hash, notes_messages(part, language, parts), NOTES_TOKENS)
    sources = [parse_chunk(hit.chunk) for hit in part]
    lines = tuple(line for text in notes_in(reply) if (line := verify_note(text, part, sources)))
    count = QUOTES if parts > FEW_PARTS else QUOTES_IF_FEW
    return (lines, False) if lines else (extract_sentences(part, count), True)


def notes_in(reply: str) -> list[str]:
    """Return the notes in a reply: its lines without bullets."""
    lines = [line.strip() for line in reply.splitlines()]
    bulleted = [line for line in lines if re.match(r"[-*•]|\d{1,2}[.)、]", line)]
    plain = [re.sub(r"^(?:[-*•]|\d{1,2}[.)、])\s*", "", line) for line in bulleted or lines]
    return [one_line(line) for line in plain if tokens(line)]


def verify_note(text: str, part: Sequence[Hit], sources: Sequence[ParsedChunk]) -> CitedLine | None:
    """Return a note with citations of the chunks that fully support it; None if none do."""
    written = [number for match in MARKER.finditer(f" {text}") for number in marker_numbers(match)]
    claim = MARKER.sub("", f" {text}").strip()
    choice = attribute(parse_claim(claim, ""), written, sources)
    cited = tuple(cite(number, part[number - 1], claim, "") for number in choice.numbers)
    return CitedLine(claim, cited) if choice.support == "full" else None


def extract_sentences(part: Sequence[Hit], count: int) -> tuple[CitedLine, ...]:
    """Return the most central sentences of a part, verbatim."""
    texts = [(hit, without_comments(hit.chunk.text)) for hit in part]
    places = [(hit, start, end, text[start:end]) for hit, text in texts for start, end in sentence_spans(text)
              if is_prose(text[start:end])]
    best = central_sentences([sentence for *_, sentence in places], count)
    return tuple(CitedLine(one_line(sentence, MAX_QUOTE), (cite_span(hit, start, end),))
                 for hit, start, end, sentence in (places[place] for place in best))


def is_prose(text: str) -> bool:
    """Return whether a sentence can stand alone: long enough, and neither heading nor table row."""
    long = len(text) >= MIN_QUOTE / (2 if is_cjk(text) else 1)
    return long and not RULER.match(text) and not text.startswith(("#", "|"))


def drop_duplicates(notes: Sequence[CitedLine]) -> list[CitedLine]:
    """Return the notes without near-duplicates."""
    kept: list[CitedLine] = []
    for line in notes:
        words = tokens(line.text)
        if not any(token_recall(words, other.text) >= NEAR_DUPLICATE and contains_numbers(line.text, other.text)
                   for other in kept):
            kept.append(line)
    return kept


def select_notes(file: File, notes: Sequence[CitedLine], limit: int, writer: CachedLLM) -> list[CitedLine]:
    """Return at most `limit` of the notes, in order, selected by the model in groups.

    The model selects and does not write, so that verified notes stay unchanged.
    """
    left = list(notes)
    while len(left) > limit:
        groups = [left[start : start + GROUP] for start in range(0, len(left), GROUP)]
        share = limit if len(groups) == 1 else GROUP // 3
        left = [line for group in groups for line in choose_notes(file, group, share, writer)]
    return left


def choose_notes(file: File, notes: Sequence[CitedLine], count: int, writer: CachedLLM) -> list[CitedLine]:
    """Return at most `count` of the notes: the model's choice or, if its reply is unusable, the most central ones."""
    if len(notes) <= count:
        return list(notes)
    texts = [line.text for line in notes]
    reply = writer.write(file.source.content_hash, choice_prompt(texts, count), CHOICE_TOKENS)
    numbers = parse_numbers(reply, len(notes))[:count]
    listed = len(numbers) >= count // 2 and numbers != list(range(1, len(numbers) + 1))
    places = sorted(number - 1 for number in numbers) if listed else central_sentences(texts, count) or list(range(count))
    return [notes[place] for place in places]


def central_sentences(sentences: Sequence[str], count: int) -> list[int]:
    """Return the indexes of the `count` most central sentences in order, by TextRank (Mihalcea and Tarau 2004)."""
    words = [set(tokens(sentence)) for sentence in sentences]
    usable = [place for place, each in enumerate(words) if len(each) >= MIN_TOKENS]
    if len(usable) <= count:
        return usable
    # common words by the sum of the logarithms of the lengths plus one
    links = np.array([[len(words[one] & words[other]) / (math.log(len(words[one]) + 1) + math.log(len(words[other]) + 1))
                       if one != other else 0.0 for other in usable] for one in usable])
    outgoing = links.sum(axis=0)
    shares = np.divide(links, outgoing, out=np.zeros_like(links), where=outgoing > 0)
    ranks = np.full(len(usable), 1 / len(usable))
    for _ in range(ROUNDS):
        ranks = (1 - DAMPING) / len(usable) + DAMPING * shares @ ranks
    best = sorted(range(len(usable)), key=lambda place: (-ranks[place], place))[:count]
    return sorted(usable[place] for place in best)

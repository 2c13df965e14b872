"""Files in, every deadline, date, amount, address or name in them out, each with the sentence that it stands in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from assistant.datatypes import Hit, PromptText
from assistant.generation.documents.cached_llm import CachedLLM, split_into_parts
from assistant.generation.documents.cited_lines import CitedLine, File, cite_span, one_line
from assistant.generation.documents.item_patterns import ItemKind, ItemMatch, find_matches
from assistant.generation.documents.prompts import NONE, deadlines_prompt, item_kind_names, listing_prompt, localized
from assistant.generation.injection.untrusted_text import sanitize, sanitize_span
from assistant.text.sentences import spans

AT_ONCE = 8  # sentences that a model judges at a time
JUDGED_TOKENS, LISTED_TOKENS = 40, 240
LONGEST = 240  # characters of a sentence that are shown; its source has all of them


def list_items(files: Sequence[File], wanted: Sequence[ItemKind], language: str, writer: CachedLLM) -> list[CitedLine]:
    """Return the list of what rules find. What its wording makes clear is never left out; of the rest, the model judges."""
    what = item_kind_names(wanted, language)
    found = {file: find_items(file, wanted) for file in files}
    unclear = [(file, each) for file, all_found in found.items() for each in all_found if not each.clear]
    refused, unsure = judge_deadlines(unclear, writer) if unclear else (set(), set())
    listed = {file: [each for each in each_found if each.clear or id(each) not in refused | unsure]
              for file, each_found in found.items()}
    lines = format_list(listed, what, language)
    doubtful = [each for _, each in unclear if id(each) in unsure]
    if doubtful:
        lines += [CitedLine(""), CitedLine(localized("kept", language, what=what)), *bullets(doubtful)]
    if refused:
        lines += [CitedLine(""), CitedLine(localized("other", language, what=what, count=len(refused)))]
    return lines if found_any(listed) or doubtful else []


def found_any(listed: dict[File, list[ItemMatch]]) -> bool:
    """Return whether there is anything in the list."""
    return any(listed.values())


def find_items(file: File, wanted: Sequence[ItemKind]) -> list[ItemMatch]:
    """Return what stands in a file, in its order."""
    each = [found for hit in file.passages for kind in wanted for found in find_matches(hit, kind)]
    return sorted(each, key=lambda found: found.hit.chunk.location.char_start + found.start)


def judge_deadlines(unclear: Sequence[tuple[File, ItemMatch]], writer: CachedLLM) -> tuple[set[int], set[int]]:
    """Return the ids of those that the model refuses, and of those on which it says nothing that can be read."""
    batches = [unclear[start : start + AT_ONCE] for start in range(0, len(unclear), AT_ONCE)]
    asked = [(batch[0][0].source.content_hash, deadlines_prompt([sanitized_sentence(each) for _, each in batch]), JUDGED_TOKENS)
             for batch in batches]
    writer.expect(asked)
    refused, unsure = set[int](), set[int]()
    for batch, (content_hash, messages, tokens) in zip(batches, asked, strict=True):
        reply = writer.write(content_hash, messages, tokens)
        chosen = parse_numbers(reply, len(batch))
        ids = {id(each) for _, each in batch}
        if not chosen and NONE not in reply.upper():
            unsure |= ids
        else:
            refused |= ids - {id(batch[number - 1][1]) for number in chosen}
    return refused, unsure


def parse_numbers(reply: str, count: int) -> list[int]:
    """Return the numbers in a reply that name one of `count` things."""
    return [number for number in dict.fromkeys(map(int, re.findall(r"\d{1,4}", reply))) if 1 <= number <= count]


def format_list(listed: dict[File, list[ItemMatch]], what: str, language: str) -> list[CitedLine]:
    """Return the list, under the name of each file where there are several."""
    holding = {file: found for file, found in listed.items() if found}
    count = sum(len(found) for found in holding.values())
    names = next(iter(holding)).source.name if len(holding) == 1 else localized("files", language, count=len(holding))
    lines = [CitedLine(localized("found" if count != 1 else "found_one", language, count=count, what=what, files=names))]
    for file, found in holding.items():
        lines += [CitedLine(""), CitedLine(f"{file.source.name}:")] if len(holding) > 1 else []
        lines += bullets(found)
    return lines


def bullets(found: Sequence[ItemMatch]) -> list[CitedLine]:
    """Return a line for each sentence: the items, then the sentence where it says more."""
    return [CitedLine(f"- {', '.join(each.items)} — {item_sentence(each)}" if len(item_sentence(each)) > len(", ".join(each.items)) + 2
                 else f"- {item_sentence(each)}", (cite_span(each.hit, each.start, each.end),)) for each in found]


def item_sentence(found: ItemMatch) -> str:
    """Return the sentence as it is shown."""
    return one_line(found.hit.chunk.text[found.start : found.end], LONGEST)


def sanitized_sentence(found: ItemMatch) -> PromptText:
    """Return the sentence as a model reads it."""
    return sanitize(one_line(sanitize_span(found.hit.chunk.text, found.start, found.end), LONGEST))


def list_with_model(files: Sequence[File], wanted: str, language: str, writer: CachedLLM) -> list[CitedLine]:
    """Return the list of what only a model can find; what it says is kept where it stands so in the text."""
    parts = [(file, part) for file in files for part in split_into_parts(file.passages, writer.chat, LISTED_TOKENS)]
    asked = [(file.source.content_hash, listing_prompt(part, wanted), LISTED_TOKENS) for file, part in parts]
    writer.expect(asked)
    listed: dict[File, list[ItemMatch]] = {}
    for (file, part), (content_hash, messages, tokens) in zip(parts, asked, strict=True):
        known = {items for found in listed.get(file, []) for items in found.items}
        listed.setdefault(file, []).extend(
            found for found in verify_listed(writer.write(content_hash, messages, tokens), part) if found.items[0] not in known
        )
    return format_list(listed, wanted, language) if found_any(listed) else []


def verify_listed(reply: str, part: Sequence[Hit]) -> Iterator[ItemMatch]:
    """Yield what a reply lists, where it stands in the text, with the first sentence that it stands in."""
    names = [one_line(line).strip(" .,;:-–·[]0123456789") if not re.search(r"\d\D*\d", line) else one_line(line)
             for line in reply.splitlines()]
    for name in dict.fromkeys(name for name in names if len(name) > 1 and name.upper() != NONE):
        place = next(((hit, start, end) for hit in part for start, end in spans(hit.chunk.text)
                      if normalize_for_match(name) in normalize_for_match(hit.chunk.text[start:end])), None)
        if place:
            yield ItemMatch(*place, (name,))


def normalize_for_match(text: str) -> str:
    """Return the text as it is compared: no spaces, no marks of Markdown, lower case."""
    return re.sub(r"[\s*_`]+", "", unicodedata.normalize("NFKC", text).lower())

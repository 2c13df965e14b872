"""List every deadline, date, amount, address, number or other item in files, with the sentence that contains it.

Rules find the known kinds, so that none is lost; the model only judges unclear deadlines and lists what no rule knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant.datatypes import Hit, PromptText
from assistant.generation.documents.cached_llm import (
    NONE,
    CachedLLM,
    deadlines_prompt,
    listing_prompt,
    parse_numbers,
    split_into_parts,
)
from assistant.generation.documents.cited_lines import RULER, CitedLine, File, cite_span, localized, one_line, row_cells
from assistant.generation.documents.task import shown_names
from assistant.generation.untrusted_text import sanitize, sanitize_span
from assistant.text.dates import Date, dates
from assistant.text.numbers import Number, numbers
from assistant.text.sentences import sentence_spans

BATCH = 8  # sentences that the model judges at once
JUDGED_TOKENS, LISTED_TOKENS = 40, 240
MAX_SENTENCE = 240  # characters of a sentence that are displayed; its citation has all of them
JOINED = r"\s*(?:,|and|or|和|与|及|、)\s*"
CONTACT = re.compile(r"contact (?:details|data|information)|联系方式")
END_OF = re.compile(r"\bend of (?:\w+ )?$", re.IGNORECASE)
END_OF_PERIOD = re.compile(r"\bend of (?:\w+ )?the (?:month|quarter|year)\b", re.IGNORECASE)
# contexts in which a month without day and year is a date to list
BEFORE_MONTH = re.compile(r"(?:\b(?:in|by|until|before|end of(?: \w+)?)\s|截[至止])$", re.IGNORECASE)
BEHIND_MONTH = re.compile("[底末前]|[之以]前|[上中下]旬")
UNIT = r"(?:(?:working|business|calendar|full|whole)\s+)?(?:minutes?|hours?|days?|weeks?|months?|quarters?|years?)\b['’]?"
BEHIND_COUNT = re.compile(rf"[\s-]+(?:\(\w+\)\s+)?{UNIT}|\s?个?(?:工作日|小时|日|天|星期|周|月|年|分钟)", re.IGNORECASE)
UNCOUNTED = re.compile(rf"\b(?:half an?|an?)[\s-]+{UNIT}|半个?(?:小时|天|月|年)", re.IGNORECASE)
CUE = re.compile(
    r"\b(?:by|until|till|before|within|due|deadline|latest|no later than|not later than|not after|expir\w*|ends?\b|ended"
    r"|closing date|notice|payable|valid|at least .{1,20} before|in advance|last day|submit\w*|respon\w+|lapse\w*"
    r"|run(?:s|ning)? out|terminat\w*|renew\w*)\b"
    r"|前|之内|以内|内|截止|截至|期限|到期|最迟|不迟于|不晚于|有效期|逾期|届满|提前|为止|时限|期自|期为|满",
    re.IGNORECASE,
)
TIED = re.compile(r"\b(?:within|notice|advance|before|after|latest|later|until|due|payable|for up to|expir\w*|lapse\w*"
                  r"|respon\w*|target\w*|by)\b|内|前|期限|逾期|超过|届满|提前|时限|满|期自|期为|有效", re.IGNORECASE)
# words that always say that there is a deadline, with or without a date
SURE_CUE = re.compile(
    r"\b(?:deadlines?|no later than|not later than|at the latest|due (?:date|by|on|every|each|within)|must be (?:submitted|filed"
    r"|handed in|paid|returned|reported) (?:by|before|within|every|each)|closing date|cut-?off)\b"
    r"|截止|最迟|不迟于|不晚于|至迟|期限为", re.IGNORECASE)
WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
RECURRING = re.compile(
    rf"\b(?:every|each)\s+(?:(?:second|other|third|fourth|first|last|working|business)\s+)*(?:{WEEKDAY}|days?|weeks?|months?|quarters?|years?"
    rf"|mornings?|evenings?)\b(?:\s+of\s+(?:the|each|every)\s+(?:month|week|quarter|year))?"
    rf"|\b(?:the\s+)?(?:first|second|third|fourth|last|\d{{1,2}}(?:st|nd|rd|th))\s+(?:{WEEKDAY}|(?:working |business )?day)"
    r"\s+of\s+(?:the|each|every|that)\s+(?:following\s+)?(?:month|week|quarter|year)\b"
    rf"|\b(?:next|this|following)\s+(?:{WEEKDAY}|week|month|quarter|year)\b|\b{WEEKDAY}\b|\b(?:daily|weekly|monthly|quarterly|yearly|annually)\b"
    r"|\b(?:noon|midnight|\d{1,2}(?:[:.]\d{2})?\s?(?:am|pm|o['’]clock)|\d{1,2}:\d{2})\b"
    r"|每(?:个|隔)?(?:[一二两三四1-9])?(?:个)?(?:工作日|天|日|周|星期|月|季度?|年)(?:的?(?:第[一二三四五]个)?(?:周|星期)?[一二三四五六日天末底初])?"
    r"|(?:本|下|次|当)(?:周|月|季度?|年)(?:[一二三四五六日底末])?|(?:周|星期)[一二三四五六日天]", re.IGNORECASE)
MONEY_BEFORE = re.compile(r"(?:(?:\b(?:us|a|c|hk))?[$€£¥￥]|\b(?:eur|usd|gbp|chf|cny|rmb|jpy)\b)\s?$", re.IGNORECASE)
MONEY_BEHIND = re.compile(
    r"\s?(?:(?:euros?|eur|pounds?(?: sterling)?|gbp|(?:us |u\.s\. )?dollars?|usd|chf|francs?|yen|jpy|yuan|cny|rmb|cents?|pence"
    r"|kronor|sek)\b|[€£]|美元|欧元|英镑|日元|港元|[元圆]整?|块钱|人民币)", re.IGNORECASE
)
EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
PHONE = re.compile(
    r"(?<![\w./-])(?:\+\d{1,3}[\s-]?)?(?:\(0?\d{1,5}\)[\s-]?)?\d{2,5}(?:[\s-]\d{2,4}){1,4}(?![\w/-])"
    r"|(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)0\d{9,10}(?!\d)"
)
PHONE_CUE = re.compile(r"tel|phone|call|mobile|fax|hotline|contact|电话|手机|传真|热线|联系|\+\d", re.IGNORECASE)
LINK = re.compile(r"https?://[^\s<>\"'）)】]+|\bwww\.[^\s<>\"'）)】]+", re.IGNORECASE)
MONEY_COLUMN = re.compile(
    r"amount|price|cost|fee|total|pounds?|euros?|\beur\b|gbp|usd|金额|单价|价格|费用|元|总价", re.IGNORECASE
)


class ItemKind(StrEnum):
    """The kinds of items that rules can find."""

    DEADLINE = "deadline"
    DATE = "date"
    AMOUNT = "amount"
    EMAIL = "email"
    PHONE = "phone"
    LINK = "link"
    PERCENTAGE = "percentage"


@dataclass(frozen=True, slots=True)
class ItemMatch:
    """A sentence or table row at text[start:end] of a chunk with its items. `clear`: the wording says that they are wanted."""

    hit: Hit
    start: int
    end: int
    items: tuple[str, ...]
    clear: bool = True


WORDS_FOR = {
    ItemKind.DEADLINE: r"deadlines?|due dates?|time limits?|notice periods?|expiry dates?|cut-?off dates?"
                     r"|(?:截止|到期|最后|最终)(?:日期|时间|期限|日)?|期限|时限",
    ItemKind.DATE: r"(?:important |key |relevant )?dates?|日期|时间点|重要日期",
    ItemKind.AMOUNT: r"amounts?(?: of money)?|sums?(?: of money)?|prices?|costs?|fees?|payments?|charges?"
                   r"|金额|价格|费用|款项|价钱|金钱数额",
    ItemKind.EMAIL: r"e-?mails?(?: address(?:es)?)?|mail addresses|电子邮箱|邮箱(?:地址)?|电子邮件(?:地址)?",
    ItemKind.PHONE: r"(?:tele)?phone(?: numbers?)?s?|telephones?|mobile numbers?|fax numbers?|电话(?:号码)?|手机号码?|联系电话",
    ItemKind.LINK: r"links?|urls?|web ?sites?|web addresses|网址|链接|网站",
    ItemKind.PERCENTAGE: r"percentages?|percents?|rates?|百分比|比例|利率",
}
KINDS = {
    ItemKind.DEADLINE: ("deadlines", "期限"), ItemKind.DATE: ("dates", "日期"), ItemKind.AMOUNT: ("amounts", "金额"),
    ItemKind.EMAIL: ("e-mail addresses", "电子邮箱"), ItemKind.PHONE: ("telephone numbers", "电话号码"),
    ItemKind.LINK: ("links", "链接"),
    ItemKind.PERCENTAGE: ("percentages", "百分比"),
}


def list_items(files: Sequence[File], wanted: Sequence[ItemKind], language: str, writer: CachedLLM) -> list[CitedLine]:
    """Return the list of what rules find. Clear items are always kept; the model judges the unclear ones."""
    what = item_kind_names(wanted, language)
    found = {file: sorted((match for hit in file.passages for kind in wanted for match in find_matches(hit, kind)),
                          key=lambda match: match.hit.chunk.location.char_start + match.start) for file in files}
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
    return lines if any(listed.values()) or doubtful else []


def judge_deadlines(unclear: Sequence[tuple[File, ItemMatch]], writer: CachedLLM) -> tuple[set[int], set[int]]:
    """Return the ids (`id`) of the matches the model rejects, and of those for which its reply is unusable."""
    batches = [unclear[start : start + BATCH] for start in range(0, len(unclear), BATCH)]
    requests = [(batch[0][0].source.content_hash, deadlines_prompt([sanitized_sentence(found) for _, found in batch]),
                 JUDGED_TOKENS) for batch in batches]
    writer.expect(requests)
    refused, unsure = set[int](), set[int]()
    for batch, (content_hash, messages, tokens) in zip(batches, requests, strict=True):
        reply = writer.write(content_hash, messages, tokens)
        chosen = parse_numbers(reply, len(batch))
        ids = {id(each) for _, each in batch}
        if not chosen and NONE not in reply.upper():
            unsure |= ids
        else:
            refused |= ids - {id(batch[number - 1][1]) for number in chosen}
    return refused, unsure


def format_list(listed: dict[File, list[ItemMatch]], what: str, language: str) -> list[CitedLine]:
    """Return the list, grouped by file if there are several."""
    by_file = {file: found for file, found in listed.items() if found}
    count = sum(len(found) for found in by_file.values())
    shown = shown_names([file.source.path for file in by_file])
    names = next(iter(shown.values())) if len(by_file) == 1 else localized("files", language, count=len(by_file))
    lines = [CitedLine(localized("found" if count != 1 else "found_one", language, count=count, what=what, files=names))]
    for file, found in by_file.items():
        lines += [CitedLine(""), CitedLine(f"{shown[file.source.path]}:")] if len(by_file) > 1 else []
        lines += bullets(found)
    return lines


def bullets(matches: Sequence[ItemMatch]) -> list[CitedLine]:
    """Return a line for each match: the items, then the sentence if it says more."""
    lines: list[CitedLine] = []
    for match in matches:
        items = ", ".join(match.items)
        sentence = one_line(match.hit.chunk.text[match.start : match.end], MAX_SENTENCE)
        text = f"- {items} — {sentence}" if len(sentence) > len(items) + 2 else f"- {sentence}"
        lines.append(CitedLine(text, (cite_span(match.hit, match.start, match.end),)))
    return lines


def sanitized_sentence(match: ItemMatch) -> PromptText:
    """Return the sentence of a match as a model reads it."""
    return sanitize(one_line(sanitize_span(match.hit.chunk.text, match.start, match.end), MAX_SENTENCE))


def list_with_model(files: Sequence[File], wanted: str, language: str, writer: CachedLLM) -> list[CitedLine]:
    """Return the list of items that only a model can find; items that do not occur in the text are dropped."""
    parts = [(file, part) for file in files for part in split_into_parts(file.passages, writer.chat, LISTED_TOKENS)]
    requests = [(file.source.content_hash, listing_prompt(part, wanted), LISTED_TOKENS) for file, part in parts]
    writer.expect(requests)
    listed: dict[File, list[ItemMatch]] = {}
    for (file, part), (content_hash, messages, tokens) in zip(parts, requests, strict=True):
        known = {items for found in listed.get(file, []) for items in found.items}
        listed.setdefault(file, []).extend(
            found for found in verify_listed(writer.write(content_hash, messages, tokens), part) if found.items[0] not in known
        )
    return format_list(listed, wanted, language) if any(listed.values()) else []


def verify_listed(reply: str, part: Sequence[Hit]) -> Iterator[ItemMatch]:
    """Yield the items of a reply that occur in the text, each with the first sentence that contains it."""
    names = [one_line(line).strip(" .,;:-–·[]0123456789") if not re.search(r"\d\D*\d", line) else one_line(line)
             for line in reply.splitlines()]
    for name in dict.fromkeys(name for name in names if len(name) > 1 and name.upper() != NONE):
        place = next(((hit, start, end) for hit in part for start, end in sentence_spans(hit.chunk.text)
                      if normalize_for_match(name) in normalize_for_match(hit.chunk.text[start:end])), None)
        if place:
            yield ItemMatch(*place, (name,))


def normalize_for_match(text: str) -> str:
    """Return the text without spaces and Markdown marks, in lower case."""
    return re.sub(r"[\s*_`]+", "", unicodedata.normalize("NFKC", text).lower())


def parse_item_kinds(words: str) -> tuple[ItemKind, ...]:
    """Return the item kinds that these words name; an empty tuple if any word names no known kind."""
    if CONTACT.fullmatch(words.strip()):
        return (ItemKind.EMAIL, ItemKind.PHONE)
    each = [next((kind for kind, pattern in WORDS_FOR.items() if re.fullmatch(pattern, part.strip())), None)
            for part in re.split(JOINED, words.strip()) if part]
    return tuple(dict.fromkeys(kind for kind in each if kind)) if all(each) else ()


def find_matches(hit: Hit, wanted: ItemKind) -> Iterator[ItemMatch]:
    """Yield the sentences of a chunk that contain items of a kind, in order."""
    text = hit.chunk.text
    for start, end in sentence_spans(text):
        sentence, following = text[start:end], text[end:].lstrip("\r\n").split("\n", 1)[0]
        is_header = "-" in following and RULER.match(following)
        if RULER.match(sentence) or is_header:
            continue
        items, clear = extract_items(sentence, row_header(hit, start, sentence), wanted)
        if items:
            yield ItemMatch(hit, start, end, tuple(dict.fromkeys(items)), clear)


def extract_items(sentence: str, header: str, wanted: ItemKind) -> tuple[list[str], bool]:
    """Return the items of a sentence or row under a header, and whether its wording is clear."""
    if wanted is ItemKind.DEADLINE:
        return deadlines_in(sentence, header)
    if wanted is ItemKind.AMOUNT:
        return [*amounts_in(sentence), *cells_under(sentence, header, MONEY_COLUMN)], True
    if wanted is ItemKind.PHONE:
        return [phone for phone in pattern_texts(PHONE, sentence) if is_phone(phone, sentence, header)], True
    if wanted is ItemKind.DATE:
        return dates_in(sentence), True
    if wanted is ItemKind.PERCENTAGE:
        return [collapsed(sentence, number.start, number.end) for number in plain_numbers(sentence) if number.parts > 1], True
    return pattern_texts(EMAIL if wanted is ItemKind.EMAIL else LINK, sentence), True


def deadlines_in(sentence: str, header: str) -> tuple[list[str], bool]:
    """Return the dates and durations of a sentence, and whether its words or its column say that they are limits."""
    found, durations = dates_in(sentence), durations_in(sentence)
    under = cells_under(sentence, header, CUE) + cells_under(sentence, header, TIED)
    tied = durations if TIED.search(sentence) else [each for each in durations if any(each in cell for cell in under)]
    clear = bool(CUE.search(sentence)) or any(item in cell for cell in under for item in (*found, *tied))
    if not found and not tied and (sure := SURE_CUE.search(sentence)):  # no date, but a deadline
        return [collapsed(sentence, *(RECURRING.search(sentence) or sure).span())], bool(RECURRING.search(sentence))
    return [*found, *(each for each in tied if not any(each in date for date in found))], clear


def collapsed(sentence: str, start: int, end: int) -> str:
    """Return sentence[start:end] with single spaces."""
    return " ".join(sentence[start:end].split())


def pattern_texts(pattern: re.Pattern[str], sentence: str) -> list[str]:
    """Return the matches of a pattern with single spaces."""
    return [collapsed(sentence, *match.span()) for match in pattern.finditer(sentence)]


def plain_numbers(sentence: str) -> list[Number]:
    """Return the numbers of a sentence that are not part of a date."""
    spans = [(date.start, date.end) for date in dates(sentence, years=True)]
    return numbers(sentence, [(start, end) for start, end in spans if not sentence[start:end].isdigit()])  # 2024, but not 2024年


def dates_in(sentence: str) -> list[str]:
    """Return the dates of a sentence, including "end of" before them, and the ends of months, quarters and years."""
    found = [(opened.start() if (opened := END_OF.search(sentence[: date.start])) else date.start, date.end)
             for date in dates(sentence, years=True) if is_listed(sentence, date)]
    found += [match.span() for match in END_OF_PERIOD.finditer(sentence)]
    return [collapsed(sentence, *span) for span in sorted(found)]


def is_listed(sentence: str, date: Date) -> bool:
    """Return whether a date is precise enough to list: a day, a month with year, 2024年, or a month after "by" or "in"."""
    day = date.readings[0]
    if day.day or (day.year and (day.month or day.quarter)):
        return True
    if day.year:
        return not sentence[date.start : date.end].isdigit()
    return day.month > 0 and bool(BEFORE_MONTH.search(sentence[: date.start]) or BEHIND_MONTH.match(sentence, date.end))


def durations_in(sentence: str) -> list[str]:
    """Return the durations in a sentence: 30 days, three months, half a year."""
    found = [(number.start, behind.end()) for number in plain_numbers(sentence)
             if not number.ordinal and (behind := BEHIND_COUNT.match(sentence, number.end))]
    return [collapsed(sentence, *span) for span in sorted([*found, *(match.span() for match in UNCOUNTED.finditer(sentence))])]


def amounts_in(sentence: str) -> list[str]:
    """Return the amounts of money in a sentence."""
    found = []
    for number in plain_numbers(sentence):
        before, behind = MONEY_BEFORE.search(sentence[: number.start]), MONEY_BEHIND.match(sentence, number.end)
        if number.certain and number.parts == 1 and (before or behind):
            found.append(collapsed(sentence, before.start() if before else number.start, number.end if before or not behind
                               else behind.end()))
    return found


def is_phone(number: str, sentence: str, header: str) -> bool:
    """Return whether digits are a phone number: by length, and by a cue word nearby or a typical prefix."""
    figures = sum(character.isdigit() for character in number)
    if not 7 <= figures <= 15 or any(date.end - date.start == len(number) for date in dates(number)):
        return False
    return bool(PHONE_CUE.search(sentence) or PHONE_CUE.search(header)) or number.startswith(("+", "0", "("))


def row_header(hit: Hit, start: int, row: str) -> str:
    """Return the header of the table that a row belongs to; an empty string for a sentence."""
    width = len(row_cells(row))
    if width < 2:
        return ""
    before = [line for line in hit.chunk.text[:start].splitlines() if line.strip()]
    rulers = [place for place, line in enumerate(before) if RULER.match(line) and "-" in line and place]
    candidates = ([before[rulers[-1] - 1]] if rulers else []) + hit.chunk.context.splitlines()[::-1]
    return next((line for line in candidates if len(row_cells(line)) == width), "")


def cells_under(row: str, header: str, pattern: re.Pattern[str]) -> list[str]:
    """Return the cells with a number in columns whose header matches the pattern."""
    if not header:
        return []
    return [" ".join(cell.replace("**", "").split()) for cell, name in zip(row_cells(row), row_cells(header), strict=False)
            if pattern.search(name) and re.search("[\\d〇零一二三四五六七八九十百]", cell)]


def item_kind_names(wanted: Sequence[ItemKind], language: str) -> str:
    """Return the names of item kinds, joined for display."""
    each = [KINDS[kind][language == "zh"] for kind in wanted]
    return ("、" if language == "zh" else " and ").join(each)

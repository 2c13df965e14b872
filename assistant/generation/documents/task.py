"""Detect tasks on whole documents (summary, comparison, list) by rule, and resolve the files they mean.

The rules are narrow: an ordinary question taken for a task gets no answer; a task that is missed gets an ordinary one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from assistant.errors import UsageError
from assistant.system.paths import distinct_names
from assistant.text.languages import CJK
from assistant.text.sentences import STOP

FILE_NOUN = (r"(?:files?|documents?|docs?|pdfs?|papers?|reports?|articles?|contracts?|agreements?|letters?|e-?mails?|notes?"
             r"|minutes|manuals?|books?|chapters?|presentations?|slides?|spreadsheets?|texts?|transcripts?|polic(?:y|ies)|versions?|drafts?"
             r"|folders?|director(?:y|ies))")
ALL_NOUN = r"(?:files|documents|docs|pdfs|papers|reports|contracts|notes|folders?|director(?:y|ies)|library|everything)"
THESE = r"(?:this|that|the|these|those|my|our|all|all the|all my|all of the|the attached|the following|each|every|whole|entire)"
ONE_FILE = (rf"(?:(?:{THESE}) )+(?:(?:attached|whole|entire|two|three|following) )*{FILE_NOUN}"
            rf"(?: (?:in|of) (?:(?:{THESE}) )*(?:folder|directory|library))?")
POLITE = (r"(?:(?:please|kindly|can you|could you|would you|will you|i(?: would|'d) like you to|i want you to|help me"
          r"|let's|now|then|ok|okay),? (?:please )?)*")
SHORT = r"(?:a |an |the |me |us |short |brief |quick |concise |detailed |one-page |executive |bullet(?:-| )point )*"
TAIL = (r"(?: (?:for me|please|briefly|shortly|in english|in chinese"
        r"|in (?:a few|one|two|three|five|ten|\d+) (?:short )?(?:sentences?|points?|bullets?|words?|lines?|paragraphs?)))*")
SUMMARISE = re.compile(
    rf"^{POLITE}(?:(?:briefly )?(?:summari[sz]e|sum up|recap|outline)"
    rf"|(?:(?:give|write|make|draft|prepare|provide)(?: me| us)? |i need |){SHORT}"
    r"(?:summary|overview|outline|synopsis|abstract|recap|tl;?dr) (?:of|for)"
    r"|what(?:'s| is) (?:the )?(?:summary|gist|main (?:point|points|content|idea)) of"
    r"|what are the (?:main|key) points (?:of|in))"
    rf" (?P<about>.+?){TAIL}$"
)
TOLD = re.compile(rf"^{POLITE}what (?:is|are) (?P<about>{ONE_FILE}) (?:all )?about$|^tl;?dr(?:,? (?P<other>.+))?$")
DIFFERENCE = re.compile(
    rf"^{POLITE}(?:what(?:'s| has| is| have)? (?:been )?(?:changed|different|new) (?:between|from|in)"
    r"|(?:what(?:'s| is| are)?|show me|list|tell me|explain|find|describe)(?: all)?(?: the)?(?: main| key)?"
    r" (?:differences?|changes?) (?:between|in|from)"
    rf"|compare|diff) (?P<about>.+?){TAIL}$"
    rf"|^{POLITE}how (?:do|does|did) (?P<these>.+?) (?:differ|compare)(?: (?:from|to|with) (?P<other>.+))?$"
)
TWO_FILES = re.compile(rf"^(?:{THESE} )*(?:two|both)(?: (?:\w+ )?{FILE_NOUN})?$|^(?:these|those) (?:\w+ )?{FILE_NOUN}$")
LIST_VERB = rf"^{POLITE}(?:list|extract|collect|gather|find|show|give|get|make|pull out|write down)(?: me| us| out| up)*"
LISTED = re.compile(
    rf"{LIST_VERB} (?:a (?:complete |full )?list of )?(?P<every>all|every|each)(?: of)?(?: the| my| our)? (?P<wanted>.+?)"
    rf"(?: (?:in|from|of|across|within|throughout|mentioned in|named in|found in|contained in|that (?:are|is) in)"
    rf" (?P<about>.+?))?{TAIL}$"
)
PLEASE = r"^(?:请|麻烦|帮我|帮忙|你|您|能不能|能否|可以|给我|为我|替我|把|将|对|，|,|\s)*"
NOUN_ZH = (r"(?:文件夹|目录|文件|文档|合同|协议|报告|论文|文章|材料|资料|制度|说明书|说明|手册"
           r"|会议纪要|纪要|记录|信件|信|邮件|笔记|书|版本|稿|表格|幻灯片)")
THIS_ZH = r"(?:这(?:一)?[份个篇封本些几]?|那(?:一)?[份个篇封本些]?|该|本|此|所有(?:的)?|全部(?:的)?|上述|我的)"
SUM_VERB = r"(?:总结|概括|归纳|概述|摘要|综述|小结)"
SUMMARISE_ZH = re.compile(
    rf"{PLEASE}(?:简要|简单|大致|用[^，。]{{1,8}}(?:话|字|点))?(?:地)?{SUM_VERB}(?:一下|下|出)?(?P<about>.+?)(?:的?(?:主要|核心)?(?:内容|要点|大意))?$"
    rf"|{PLEASE}(?:给)?(?P<before>.+?)(?:做|作|写|来)?(?:一下|一?[份个])?(?:简短的|简要的)?(?:{SUM_VERB})(?:一下)?$"
    rf"|{PLEASE}(?P<told>{THIS_ZH}(?:\w{{0,8}}?){NOUN_ZH})(?:里|中)?(?:主要|大概|都|大致)*"
    r"(?:讲|说|写|是关于|内容是)(?:了|的)?(?:是)?(?:些)?(?:什么|啥)(?:内容)?$"
)
DIFFERENCE_ZH = re.compile(
    rf"{PLEASE}(?:比较|对比|比对)(?:一下|下)?(?P<compared>.+?)(?:的?(?:不同|区别|差异|变化|异同)(?:之处)?)?$"
    rf"|{PLEASE}(?:列出|找出|说明|看看)?(?P<about>.+?)(?:之间|相比|比起来|比较)?(?:，|,)?(?:的|都|主要)*(?:有|存在)?(?:了)?(?:什么|哪些|何|啥)?(?:的)?"
    r"(?:不同|区别|差异|差别|变化|改动|修改)(?:之处|的地方)?(?:是什么|有哪些|在哪里?)?$"
)
TWO_ZH = re.compile(rf"^(?:这|那|该|以上|上述)?(?:两|二|2)\s?[个份篇者封]?\w{{0,6}}?(?:{NOUN_ZH}|者)$")
LISTED_ZH = re.compile(
    rf"{PLEASE}(?:列出|列举|罗列|找出|提取|摘出|整理出?|汇总|列一下)(?:一下|下)?(?P<text>.+)$"
)
IN_ZH = re.compile(
    rf"^(?P<about>.*?{NOUN_ZH}|《[^》]+》|[^\s，]+\.\w{{1,5}})(?:里面|里|中|内|上)?(?:提到|出现|涉及|规定)?的?"
    r"(?P<every>所有|全部|每一?[个条项])的?(?P<wanted>.+)$"
)
ALL_ZH = re.compile(r"^(?P<every>所有|全部|每一?[个条项])的?(?P<wanted>.+)$")
# words that only mean files: "this report", but not "the report on bees"
ONLY_FILES = re.compile(rf"{ONE_FILE}|everything|(?:{THESE} )+library|{THIS_ZH}\w{{0,2}}?{NOUN_ZH}|文件夹|{NOUN_ZH}")
EVERYTHING = re.compile(
    rf"\b(?:{ALL_NOUN})\b|\b(?:all|each|every) (?:\w+ )?{FILE_NOUN}"
    rf"|文件夹|目录|(?:所有|全部)(?:的)?{NOUN_ZH}|资料库"
)
WORD = re.compile(f"[{CJK}]|[^\\W_{CJK}]+")
BETWEEN = re.compile(r"\s+(?:and|with|to|versus|vs\.?|from|against)\s+(?:the )?|与|和|跟|同|、|以及")
QUOTED = re.compile(r"《([^》]+)》|[\"“]([^\"”]+)[\"”]|'([^']+)'")
EMPTY_WORDS = STOP | frozenset("file document version pdf all between two both my our s".split())
HINT = 'Name it in the question, or choose it: --path "*name*"; see what there is: assistant status --files'
MAX_MATCHES = 3
COUNTERS = re.compile(r"\b(?:these|those|the|two|both|versions?|of)\b|两|个|份|版本|这|的")


class TaskKind(StrEnum):
    """The kinds of tasks on whole documents."""

    SUMMARY = "summary"
    DIFFERENCES = "differences"
    LISTING = "listing"


@dataclass(frozen=True, slots=True)
class Task:
    """A detected task: `about` is its object in the question's words, `wanted` what to list.

    `certain`: the words mean files ("this file", "the two versions"); otherwise it is a task only if `about` names a file.
    `everything`: the words mean all files.
    """

    kind: TaskKind
    about: str = ""
    wanted: str = ""
    certain: bool = True
    everything: bool = False


@dataclass(frozen=True, slots=True)
class SourceFile:
    """An indexed file: its content hash and modification time in nanoseconds since 1970."""

    path: str
    title: str
    content_hash: str = ""
    mtime_ns: int = 0

    @property
    def name(self) -> str:
        """The file name without folders."""
        return PurePath(self.path).name


def recognize_task(question: str) -> Task | None:
    """Return the task on whole documents that a question asks for; None for an ordinary question."""
    text = " ".join(question.lower().replace("’", "'").split()).rstrip(" ?？。.!！:：")
    if not text or "\n" in question.strip():
        return None
    return parse_summary(text) or parse_listing(text) or parse_comparison(text)


def resolve_files(task: Task, question: str, sources: Sequence[SourceFile], *, narrowed: bool) -> tuple[SourceFile, ...]:
    """Return the files of a task; an empty tuple if it is an ordinary question after all.

    `narrowed`: the user has already filtered the files. Raises UsageError if the files are ambiguous.
    """
    if task.kind is TaskKind.DIFFERENCES:
        return resolve_pair(task, question, sources)
    named = find_by_name(question, sources) or find_by_phrase(task.about, sources)
    if named:
        return named
    if task.kind is TaskKind.LISTING:
        return tuple(sources) if task.certain or not task.about else ()
    if task.certain and (len(sources) == 1 or task.everything or narrowed):
        return tuple(sources)
    if task.certain:
        raise UsageError(f"Which file is meant is not clear: there are {len(sources):,} of them.", HINT)
    return ()


def first_group(match: re.Match[str], *names: str) -> str:
    """Return the text of the first of these groups that matched; an empty string if none did."""
    return next((found.strip() for name in names if (found := match.group(name))), "")


def parse_summary(text: str) -> Task | None:
    """Return the summary task; None if the text asks for none."""
    if match := TOLD.match(text):
        return scoped_task(TaskKind.SUMMARY, first_group(match, "about", "other") or "this file")
    if match := SUMMARISE.match(text):
        return scoped_task(TaskKind.SUMMARY, first_group(match, "about"))
    if match := SUMMARISE_ZH.match(text):
        return scoped_task(TaskKind.SUMMARY, first_group(match, "about", "before", "told"))
    return None


def scoped_task(kind: TaskKind, about: str, wanted: str = "") -> Task:
    """Return a task whose object is `about`, classified as file noun or name."""
    certain = bool(ONLY_FILES.fullmatch(about))
    return Task(kind, about, wanted, certain, certain and bool(EVERYTHING.search(about)))


def parse_comparison(text: str) -> Task | None:
    """Return the comparison task; None if the text asks for none."""
    if match := DIFFERENCE.match(text):
        about = " and ".join(part for part in (first_group(match, "about", "these"), first_group(match, "other")) if part)
        return Task(TaskKind.DIFFERENCES, about, certain=bool(TWO_FILES.match(about)))
    if match := DIFFERENCE_ZH.match(text):
        about = first_group(match, "compared", "about").removesuffix("的").removesuffix("之间")
        return Task(TaskKind.DIFFERENCES, about, certain=bool(TWO_ZH.match(about)))
    return None


def parse_listing(text: str) -> Task | None:
    """Return the listing task; None if the text asks for none."""
    if match := LISTED.match(text):
        return scoped_task(TaskKind.LISTING, first_group(match, "about"), first_group(match, "wanted"))
    if match := LISTED_ZH.match(text):
        inner = match.group("text").strip()
        found = IN_ZH.match(inner) or ALL_ZH.match(inner)
        if found:
            return scoped_task(TaskKind.LISTING, found.groupdict().get("about") or "", found.group("wanted"))
    return None


def resolve_pair(task: Task, question: str, sources: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
    """Return the two files to compare, in the order of the question. Raises UsageError if they are ambiguous."""
    named = find_by_name(question, sources)
    if len(named) == 2:
        return named
    phrases = [phrase for phrase in BETWEEN.split(task.about) if phrase.strip()]
    if len(phrases) == 2:
        found = find_pair_by_phrases(phrases, sources)
        if len(found) == 2:
            return found
    if task.certain:
        among = find_by_phrase(COUNTERS.sub(" ", task.about), sources) or sources
        if len(among) == 2:
            return tuple(among)
        raise UsageError("Which two files are to be compared is not clear.",
                         'Name both: assistant ask "What changed between old.md and new.md?"')
    return ()


def find_pair_by_phrases(phrases: Sequence[str], sources: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
    """Return the two files named by two phrases; in "the 2023 and the 2024 agreement" both share the noun."""
    first, second = phrases
    noun, start = last_word(second), re.sub(r"\d+", " ", first)  # versions differ in their numbers
    one, other = find_by_phrase(first, sources), find_by_phrase(second, sources)
    one = one if len(one) == 1 else find_by_phrase(f"{first} {noun}", sources)
    other = other if len(other) == 1 else find_by_phrase(f"{start} {second}", sources)
    return (*one, *other) if len(one) == len(other) == 1 and one != other else ()


def last_word(phrase: str) -> str:
    """Return the last word, or the last two characters of Chinese."""
    words = WORD.findall(phrase)
    return "".join(words[-2:]) if words and re.match(f"[{CJK}]", words[-1]) else (words[-1] if words else "")


def find_by_name(question: str, sources: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
    """Return the files whose name or title occurs verbatim in the question, in its order."""
    text = fold_name(question)
    in_folder = {source: place for source, place in folder_positions(text, sources).items() if place >= 0}
    told_apart = {source.name for source in in_folder}
    places = {source: in_folder.get(source, -1 if source.name in told_apart else name_position(text, source))
              for source in sources}
    return tuple(sorted((source for source in sources if places[source] >= 0), key=lambda source: places[source]))


def folder_positions(text: str, sources: Sequence[SourceFile]) -> dict[SourceFile, int]:
    """Return for each of the files that share a name where folded text has it behind its folders; -1 if it does not."""
    distinct = distinct_names(source.path for source in sources)
    shared = {source: fold_name(distinct[source.path]) for source in sources if distinct[source.path] != source.name}
    found = {source: re.search(rf"(?<![a-z0-9_.-]){re.escape(name)}(?![a-z0-9_-])", text) for source, name in shared.items()}
    return {source: match.start() if match else -1 for source, match in found.items()}


def name_position(text: str, source: SourceFile) -> int:
    """Return the offset of a file's name or title in folded text; -1 if it does not occur."""
    stem = fold_name(PurePath(source.path).stem)
    for name in (fold_name(source.name), stem if len(WORD.findall(stem)) > 1 else "", quoted_title(text, source)):
        match = re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) if name and not re.search(f"[{CJK}]", name) else None
        if match:
            return match.start()
        if name and re.search(f"[{CJK}]", name) and name in text:
            return text.index(name)
    return -1


def quoted_title(text: str, source: SourceFile) -> str:
    """Return the file's title or name if the text has it in quotation marks; an empty string otherwise."""
    names = {fold_name(source.title), fold_name(PurePath(source.path).stem)} - {""}
    quoted = {fold_name(part) for match in QUOTED.findall(text) for part in match if part}
    return next(iter(names & quoted), "")


def find_by_phrase(phrase: str, sources: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
    """Return the files whose name and title contain all words of a phrase; an empty tuple if too many do."""
    wanted = {word for word in name_words(phrase) if word not in EMPTY_WORDS}
    if not wanted:
        return ()
    found = tuple(source for source in sources if wanted <= set(name_words(f"{PurePath(source.path).stem} {source.title}")))
    best = tuple(source for source in found if wanted == set(name_words(PurePath(source.path).stem)))
    return best if len(best) == 1 else found if len(found) <= MAX_MATCHES else ()


def name_words(text: str) -> list[str]:
    """Return the words of a name in lower case, without plural endings."""
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
            for word in WORD.findall(fold_name(text))]


def shown_names(paths: Iterable[str]) -> dict[str, str]:
    """Return the names of files by their paths, for an answer: on one line, with folders where a name alone is not enough."""
    return {path: printable(name) for path, name in distinct_names(paths).items()}


def printable(name: str) -> str:
    """Return a name with a replacement character for line breaks, controls and direction marks."""
    return "".join(character if character.isprintable() else "\ufffd" for character in name)


def fold_name(text: str) -> str:
    """Return the text in the form in which names are compared."""
    return unicodedata.normalize("NFKC", text).lower().strip()

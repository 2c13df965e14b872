"""Every word that is said to a model, or to a person, about whole files; with a version.

What the program itself says is English or Chinese; a model is asked to write in the language of the question.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.datatypes import Hit, Message, PromptText
from assistant.generation.documents.item_patterns import ItemKind
from assistant.generation.injection.untrusted_text import fence, filled, join_prompt_texts, own_words, sanitize

WHOLE_VERSION = "whole-2"
NONE = "NONE"
NAMES = {"zh": "Chinese (中文)", "ja": "Japanese", "ko": "Korean", "ru": "Russian", "de": "German", "fr": "French",
         "es": "Spanish"}

NOTES = """You take notes on a text from the user's own files.
- Write {count} notes in {language}, one on each line, each beginning with "- ".
- Each note is one short, complete sentence about one fact that matters most in the text: who, what, how much, by when.
- Copy names, numbers and dates exactly as they stand in the text. Use nothing from elsewhere.
- Write no heading, no introduction and no comment."""
WITH_NUMBERS = "\n- End each note with the number of the passage that it comes from, such as [2]."
CHOICE = """You are given numbered notes on one document. Choose the {count} notes that a reader who has little time must know.
Reply with the numbers of these notes only, separated by commas, and nothing else."""
DEADLINES = """You are given numbered sentences. Which of them state a deadline, a due date or the end of a period?
Reply with their numbers only, separated by commas. If none does, reply only: NONE"""
LISTING = """You list things that stand in a text from the user's own files.
- Write every one of these that the text names: {wanted}. One on each line, each beginning with "- ".
- Copy each exactly as it is written in the text. Use nothing from elsewhere, and write no comment.
- If the text names none, reply only: NONE"""

KINDS = {
    ItemKind.DEADLINE: ("deadlines", "期限"), ItemKind.DATE: ("dates", "日期"), ItemKind.AMOUNT: ("amounts", "金额"),
    ItemKind.EMAIL: ("e-mail addresses", "电子邮箱"), ItemKind.PHONE: ("telephone numbers", "电话号码"),
    ItemKind.LINK: ("links", "链接"),
    ItemKind.PERCENTAGE: ("percentages", "百分比"),
}
SAID = {
    "found": ("{count} places with {what} in {files}:", "在 {files} 中找到 {count} 处{what}："),
    "found_one": ("One place with {what} in {files}:", "在 {files} 中找到 1 处{what}："),
    "files": ("{count} files", "{count} 个文件"),
    "none": ("No {what} were found. All of the text was gone through: {files}.", "没有找到{what}。已通读全文：{files}。"),
    "kept": ("The wording does not say whether these are {what}; the model could not tell either:",
             "以下内容的措辞不能确定是否为{what}，模型也无法判断："),
    "other": ("Not counted as {what}, since neither the wording nor the model says so: {count} more places with a date or "
              "a period.",
              "另有 {count} 处日期或时段，措辞和模型都未表明是{what}，未列入。"),
    "summary": ("Summary of {files}:", "{files} 的摘要："),
    "quoted": ("Quoted instead of summed up, since the text did not bear out the model's notes there: {count} of {total} parts.",
               "其中 {count}/{total} 部分因模型的笔记无法由原文证实，改为直接引用原句。"),
    "empty": ("There is no text in {files}.", "{files} 中没有文字。"),
    "compared": ("From {old} to {new}: {changed} changed, {added} added, {removed} removed; {same} sentences are the same.",
                 "从 {old} 到 {new}：{changed} 处修改，{added} 处新增，{removed} 处删除；{same} 句相同。"),
    "identical": ("{old} and {new} say the same, sentence by sentence ({same}).", "{old} 与 {new} 逐句相同（{same} 句）。"),
    "strangers": ("{old} and {new} have hardly a sentence in common, so that comparing them sentence by sentence says little.",
                  "{old} 与 {new} 几乎没有相同的句子，逐句比较意义不大。"),
    "changed": ("Changed", "修改"), "added": ("Added", "新增"), "removed": ("Removed", "删除"),
    "rest": ("{count} more are not shown.", "另有 {count} 处未显示。"),
    "rows": ("Passages cannot count rows: this program finds rows, but does not yet compute with all of them.",
             "段落检索无法统计行数：本程序能找到记录，但还不能对全部记录进行计算。"),
}


def localized(name: str, language: str, **values: object) -> str:
    """Return one of the program's own sentences in the question's language."""
    return SAID[name][language == "zh"].format(**values)


def item_kind_names(wanted: Sequence[ItemKind], language: str) -> str:
    """Return what is listed, as a person says it."""
    each = [KINDS[kind][language == "zh"] for kind in wanted]
    return ("、" if language == "zh" else " and ").join(each)


def notes_prompt(passages: Sequence[Hit], language: str, count: int, *, with_numbers: bool) -> tuple[Message, ...]:
    """Return the messages that ask for notes on a part of a text."""
    system = NOTES.format(count=count, language=NAMES.get(language, "English")) + (WITH_NUMBERS if with_numbers else "")
    return (Message("system", own_words(system)), Message("user", chunks_text(passages, with_numbers=with_numbers)))


def listing_prompt(passages: Sequence[Hit], wanted: str) -> tuple[Message, ...]:
    """Return the messages that ask for all of something in a part of a text."""
    asked = filled(LISTING, {"wanted": own_words(wanted)})
    return (Message("system", asked), Message("user", chunks_text(passages, with_numbers=False)))


def choice_prompt(notes: Sequence[str], count: int) -> tuple[Message, ...]:
    """Return the messages that ask which notes matter most."""
    asked = filled(CHOICE, {"count": own_words(str(count))})
    return (Message("system", asked), Message("user", numbered_list([sanitize(note) for note in notes])))


def deadlines_prompt(sentences: Sequence[PromptText]) -> tuple[Message, ...]:
    """Return the messages that ask which sentences state a deadline."""
    return (Message("system", own_words(DEADLINES)), Message("user", numbered_list(sentences)))


def numbered_list(texts: Sequence[PromptText]) -> PromptText:
    """Return texts one to a line, each with its number."""
    return join_prompt_texts("\n", (filled("{number}. {text}", {"number": own_words(str(number)), "text": text})
                         for number, text in enumerate(texts, 1)))


def chunks_text(passages: Sequence[Hit], *, with_numbers: bool) -> PromptText:
    """Return passages as a model reads them; the words in front of a passage only where they are others than before."""
    written: list[PromptText] = []
    before = ""
    for number, hit in enumerate(passages, 1):
        context = hit.chunk.context if hit.chunk.context != before else ""
        before = hit.chunk.context
        text = fence("\n".join(part for part in (context, hit.chunk.text) if part))
        numbered = filled("[{number}]\n{text}", {"number": own_words(str(number)), "text": text})
        written.append(numbered if with_numbers else text)
    return join_prompt_texts("\n\n", written)

"""Recognize a reply in JSON or fenced code that only a passage asks for, and remove the lines that show such a form."""

from __future__ import annotations

import re
from collections.abc import Iterable

BEGINS = re.compile(r"^\s*(?:(?:[\w ]{0,24}:\s*)?```|[{\[]\s*[\"{'])")
ASKED = re.compile(r"json|yaml|xml|csv|html|code|script|snippet|command|config\w*|syntax|schema|format|markdown|example|regex|sql"
                   r"|代码|格式|命令|脚本|示例|配置", re.IGNORECASE)
FENCED = re.compile(r"^[ \t]*(```+|~~~+).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
OBJECT = re.compile(r"^[ \t]*[\[{]\s*[\"'{\[].*?[}\]][ \t]*,?[ \t]*$", re.DOTALL | re.MULTILINE)
ANNOUNCES = re.compile(
    r"^.*\b(?:json|format|form|schema|template|structure)\b.*[:.]\s*$|^.*(?:格式|形式|模板).*[：:。]\s*$",
    re.IGNORECASE | re.MULTILINE)


def begins_with_form(reply: str) -> bool:
    """Return whether a reply begins as JSON or as fenced code."""
    return bool(BEGINS.match(reply))


def asks_for_form(question: str) -> bool:
    """Return whether a question asks for data, code or a format."""
    return bool(ASKED.search(question))


def stands_in(reply: str, texts: Iterable[str]) -> bool:
    """Return whether the content of a reply is quoted from one of the texts, and not written in a form that it shows."""
    said = squeezed(re.sub(r"```\w*", " ", reply))
    return any(said in squeezed(text) for text in texts)


def without_forms(text: str) -> str:
    """Return a text without fenced code, JSON objects and the lines that announce a form."""
    return ANNOUNCES.sub("", OBJECT.sub("", FENCED.sub("", text)))


def squeezed(text: str) -> str:
    """Return a text without white space."""
    return "".join(text.split())

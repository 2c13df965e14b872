"""Let the chat model write one SELECT statement that answers a question over a table."""

from __future__ import annotations

import re

from assistant.datatypes import ChatModel, Message
from assistant.generation.untrusted_text import fill_template, own_words, sanitize

SQL_TOKENS = 160
SYSTEM = "You write DuckDB SQL. You reply with one SELECT statement and nothing else."
REQUEST = """{schema}

Rules: use only the columns above. Compare text exactly as it is written above. Use _row for "first", "last", "before" and \
"after". To name the row with the highest value, use ORDER BY ... DESC LIMIT 1. Select the value that is asked for first.{hints}

Question: {question}
SQL:"""
HINTS = "\nConditions that the question may mean: {hints}"
RETRY = """{request}
{trouble}
Write another statement without this fault.
SQL:"""
FENCED = re.compile(r"```(?:sql)?\s*(.*?)(?:```|\Z)", re.S | re.I)
STATEMENT = re.compile(r"\b(?:SELECT|WITH)\b.*", re.S | re.I)


def write_sql(chat: ChatModel, question: str, schema: str, hints: str, trouble: str) -> str:
    """Return the statement that the chat model wrote.

    hints: conditions that fit the question; trouble: the statement before and what was wrong with it, "" at the first try
    """
    hinted = fill_template(HINTS, {"hints": sanitize(hints)}) if hints else own_words("")
    request = fill_template(REQUEST, {"schema": sanitize(schema), "hints": hinted, "question": own_words(question)})
    if trouble:
        request = fill_template(RETRY, {"request": request, "trouble": sanitize(trouble)})
    reply = "".join(chat.reply((Message("system", own_words(SYSTEM)), Message("user", request)), SQL_TOKENS))
    return extract_statement(reply)


def extract_statement(reply: str) -> str:
    """Return the statement in a reply, without code fence, explanation and semicolon."""
    fenced = FENCED.search(reply)
    found = STATEMENT.search(fenced[1] if fenced else reply)
    statement = found[0] if found else reply
    return re.split(r";|\n\s*\n", statement)[0].strip()

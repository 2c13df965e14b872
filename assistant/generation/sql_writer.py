"""Let the chat model write one SELECT statement that answers a question over a table."""

from __future__ import annotations

import re

from assistant.datatypes import ChatModel, Message
from assistant.generation.untrusted_text import fill_template, own_words, sanitize

SQL_TOKENS = 120
TABLE = "t"  # the name under which the model reads the table: short, and the same in all prompts
SYSTEM = f"""You write DuckDB SQL. You reply with one SELECT statement and nothing else. Use only the columns of the table. \
Compare text exactly as it is written in the comments. _row is the position of a row in the table. Select the value that is \
asked for first.

CREATE TABLE {TABLE} ( -- 12 rows
  season VARCHAR, -- Season | '2001-02', '2002-03', '2003-04'
  club VARCHAR, -- Club | 'FC Nord', 'SV Lind', 'Hall 04'
  city VARCHAR, -- City | 'Bonn', 'Kiel', 'Ulm'
  goals BIGINT, -- Goals | 12 to 80
  attendance BIGINT, -- Attendance | 900 to 15200
  result VARCHAR, -- Result | 'Won', 'Lost', 'Lost (final)'
  _row BIGINT
);
how many clubs from kiel are listed?
SELECT count(DISTINCT club) FROM {TABLE} WHERE city = 'Kiel'
in how many seasons did fc nord score more than 40 goals?
SELECT count(*) FROM {TABLE} WHERE club = 'FC Nord' AND goals > 40
who came right after sv lind in the list?
SELECT club FROM {TABLE} WHERE _row = (SELECT max(_row) FROM {TABLE} WHERE club = 'SV Lind') + 1
what is the last club listed?
SELECT club FROM {TABLE} ORDER BY _row DESC LIMIT 1
which club had the lowest attendance?
SELECT club FROM {TABLE} ORDER BY attendance ASC LIMIT 1
what is the difference in goals between fc nord and hall 04?
SELECT abs((SELECT sum(goals) FROM {TABLE} WHERE club = 'FC Nord') - (SELECT sum(goals) FROM {TABLE} WHERE club = 'Hall 04'))
which club had more attendance, sv lind or hall 04?
SELECT club FROM {TABLE} WHERE club IN ('SV Lind', 'Hall 04') GROUP BY club ORDER BY sum(attendance) DESC LIMIT 1
which city is listed most often?
SELECT city FROM {TABLE} GROUP BY city ORDER BY count(*) DESC LIMIT 1
how many times did a team from ulm lose?
SELECT count(*) FROM {TABLE} WHERE city = 'Ulm' AND result LIKE 'Lost%'
besides bonn, which other city had a club with 80 goals?
SELECT city FROM {TABLE} WHERE goals = 80 AND city <> 'Bonn'
基尔的俱乐部平均进球数是多少？
SELECT avg(goals) FROM {TABLE} WHERE city = 'Kiel'"""
REQUEST = """{schema}{hints}
{question}"""
HINTS = "\n-- the question may mean: {hints}"
RETRY = """{request}
This statement is wrong: {trouble}
Write another one."""
FENCED = re.compile(r"```(?:sql)?\s*(.*?)(?:```|\Z)", re.S | re.I)
STATEMENT = re.compile(r"\b(?:SELECT|WITH)\b.*", re.S | re.I)


def write_sql(chat: ChatModel, question: str, schema: str, hints: str, trouble: str) -> str:
    """Return the statement that the chat model wrote.

    schema: the CREATE TABLE statement of the table, whose name is TABLE; hints: conditions that fit the question; trouble: the
    statement before and what was wrong with it, "" at the first try
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

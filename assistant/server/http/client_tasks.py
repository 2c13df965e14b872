"""Answer the side tasks of Open WebUI without the engine: the title and the tags of a conversation, suggested questions.

They come as chat completions with a prompt of the program's own around the conversation, and would be answered from the user's
files otherwise, one after the other. The prompts begin with "### Task:", hold the conversation between the tags <chat_history>,
and show the JSON object that they expect.
"""

from __future__ import annotations

import json
import re

from assistant.server.http.conversation import without_sources

BEGINNING = "### Task:"
HISTORY = re.compile(r"<chat_history>(.*)</chat_history>", re.DOTALL)
EXPECTED = re.compile(r'\{\s*"(title|tags|follow_ups|queries|text)"\s*:')
ASKED = re.compile(r"^USER:\s*(.+)$", re.MULTILINE)
LONGEST_TITLE = 60
UNTITLED = "New chat"
EMPTY: dict[str, object] = {"tags": [], "follow_ups": [], "queries": [], "text": ""}


def side_task_reply(prompt: str) -> str | None:
    """Return the reply to a side task; None if the prompt is none. The title is the question; there are no suggestions."""
    history, expected = HISTORY.search(prompt), EXPECTED.search(prompt)
    if not prompt.lstrip().startswith(BEGINNING) or history is None or expected is None:
        return None
    name = expected[1]
    value = title_of(history[1]) if name == "title" else EMPTY[name]
    return json.dumps({name: value}, ensure_ascii=False)


def title_of(history: str) -> str:
    """Return the first question of a conversation, cut between two words if it is long."""
    asked = ASKED.search(without_sources(history))
    words = " ".join(asked[1].split()) if asked else ""
    if len(words) <= LONGEST_TITLE:
        return words or UNTITLED
    return f"{words[:LONGEST_TITLE].rsplit(' ', 1)[0].rstrip(' ,;:.')}…"

"""Open WebUI, the browser interface, pointed at `assistant serve`: an answer is streamed, and its citation is on the screen.

OPEN_WEBUI_PICTURE=docs/open-webui.png writes the picture of docs/connect.md: with `-m "clients and model"` of an answer of the
starter models over the example files, with `-m "clients and not model"` of an answer of the models without weights.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.app.assistant import Assistant
from assistant.config import Settings, load_settings
from assistant.models.fake import FakeReply
from tests.server.clients.open_webui import MARK, MISSING, REPLY, ask, page_of, running
from tests.server.web import TOKEN, Web, serving_web

pytestmark = [pytest.mark.clients, pytest.mark.skipif(bool(MISSING), reason=MISSING)]
EXAMPLES = Path(__file__).parents[3] / "examples"
WORD_SECONDS = 0.2
PICTURE = os.environ.get("OPEN_WEBUI_PICTURE", "")
LARGEST_PICTURE = 200 * 1024


@pytest.fixture
def web(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setattr(FakeReply, "_compute", lambda _: time.sleep(WORD_SECONDS))  # so that a screen can show the text grow
    with serving_web() as served:
        yield served


def test_an_answer_is_streamed_and_its_citation_is_on_the_screen(web: Web, tmp_path: Path):
    with running(tmp_path, web.url, TOKEN) as address, page_of(address) as page:
        seen = ask(page, "How much is the deposit?")
        begun = [text for text in seen if "The deposit is" in text and "pounds" not in text]
        assert begun, f"the text did not grow on the screen: {seen}"
        assert "The deposit is 15500 pounds" in seen[-1]
        assert "“The deposit is 15500 pounds.”" in seen[-1]
        mark = page.locator(f"{REPLY} {MARK}").first
        assert mark.inner_text() == "lease.txt, line 3"
        take_picture(page, tmp_path)
        mark.click()
        page.wait_for_selector("text=Content")
        assert "lease.txt, line 3" in page.locator("[role=dialog]").last.inner_text()
        page.keyboard.press("Escape")
        page.wait_for_function("document.title.startsWith('How much is the deposit?')")  # the title, which it asks for
        seen = ask(page, "What was my last question?")
        assert "How much is the deposit?" in seen[-1]


def take_picture(page: Any, folder: Path) -> None:
    """Write a picture of the page, small enough for the documentation."""
    picture = Path(PICTURE or folder / "picture.png")
    page.screenshot(path=picture)
    assert picture.stat().st_size < LARGEST_PICTURE


@pytest.mark.model
def test_a_model_answers_over_the_examples(weights, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch):
    chat, embed = weights("qwen2.5-coder-1.5b-instruct"), weights("all-minilm-l6-v2")
    for name, value in {"CHAT": str(chat), "EMBED": str(embed), "THREADS": "1"}.items():
        monkeypatch.setenv(f"ASSISTANT_{name}", value)
    with Assistant(load_settings()) as assistant:
        assistant.add([EXAMPLES])
    with serving_web() as web, running(tmp_path, web.url, TOKEN) as address, page_of(address) as page:
        seen = ask(page, "What is the tightening torque of the water connections of the HP40?")
        assert "35 Nm" in seen[-1]
        assert "heat-pump" in page.locator(f"{REPLY} {MARK}").first.inner_text()
        take_picture(page, tmp_path)

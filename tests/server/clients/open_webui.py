"""Run Open WebUI against a server of this program, offline, and use it in a headless Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

COMMAND = shutil.which(os.environ.get("OPEN_WEBUI", "open-webui"))  # it needs an environment of its own
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MISSING = "" if COMMAND and CHROMIUM and find_spec("playwright") else (
    "pip install open-webui in an environment of its own, OPEN_WEBUI=its command; pip install playwright; apt install chromium")
START_SECONDS = 240.0
ANSWER_SECONDS = 300.0
STEP_SECONDS = 0.05
INPUT, REPLY, MARK = "#chat-input", ".chat-assistant", "button[aria-label^='View source: ']"
SOURCES = "button[aria-label^='Toggle'][aria-label*='source']"


@contextmanager
def running(folder: Path, url: str, token: str) -> Iterator[str]:
    """Run Open WebUI with the server as its only connection until the block ends; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {"DATA_DIR": str(folder / "data"), "WEBUI_SECRET_KEY": "0" * 64, "WEBUI_AUTH": "False", "ENABLE_OLLAMA_API": "False",
           "OFFLINE_MODE": "True", "HF_HUB_OFFLINE": "1", "ENABLE_VERSION_UPDATE_CHECK": "False", "ANONYMIZED_TELEMETRY": "False",
           "OPENAI_API_BASE_URLS": f"{url}/v1", "OPENAI_API_KEYS": token, "RAG_EMBEDDING_ENGINE": "openai",
           "RAG_OPENAI_API_BASE_URL": f"{url}/v1", "RAG_OPENAI_API_KEY": token}
    log = folder / "open-webui.log"
    with log.open("wb") as file, subprocess.Popen(
            [str(COMMAND), "serve", "--host", "127.0.0.1", "--port", str(port)], cwd=folder, stdout=file, stderr=file,
            env={**os.environ, **own}) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once an address answers."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(address, trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise AssertionError(f"Open WebUI did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")


@contextmanager
def page_of(address: str) -> Iterator[Any]:
    """Open a new conversation in a browser; give playwright's page."""
    with import_module("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": 960, "height": 620})
            page.goto(address, wait_until="domcontentloaded", timeout=1000 * START_SECONDS)
            page.wait_for_selector(INPUT, timeout=1000 * START_SECONDS)
            close_news(page)
            yield page
        finally:
            browser.close()


def close_news(page: Any) -> None:
    """Close what Open WebUI shows at its first start: what is new in its version."""
    news = page.get_by_text("Okay, Let's Go!")
    page.wait_for_timeout(2000)
    if news.count():
        news.first.click()


def ask(page: Any, question: str) -> list[str]:
    """Ask a question; return the different texts of its answer on the screen, until its sources are shown."""
    before = page.locator(SOURCES).count()
    page.click(INPUT)
    page.keyboard.type(question)
    page.keyboard.press("Enter")
    seen, end = [""], time.monotonic() + ANSWER_SECONDS
    while page.locator(SOURCES).count() == before and time.monotonic() < end:
        shown = page.locator(REPLY)
        text = shown.last.inner_text() if shown.count() else ""
        if text != seen[-1]:
            seen.append(text)
        time.sleep(STEP_SECONDS)
    page.wait_for_timeout(500)
    return [*seen[1:], page.locator(REPLY).last.inner_text()]

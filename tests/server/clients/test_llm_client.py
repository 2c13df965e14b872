"""The command `llm` against the server. Install it with: pip install llm"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.config import Settings
from tests.server.web import TOKEN, serving_web

pytestmark = [pytest.mark.clients, pytest.mark.skipif(shutil.which("llm") is None, reason="pip install llm")]


@pytest.fixture(params=["chat", "responses"])
def llm(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[Callable[..., str]]:
    with serving_web() as web:
        responses = "\n  responses: true" if request.param == "responses" else ""
        (tmp_path / "extra-openai-models.yaml").write_text(
            f"- model_id: files\n  model_name: default\n  api_base: {web.url}/v1\n  api_key_name: files{responses}\n", "utf-8")
        (tmp_path / "keys.json").write_text(f'{{"files": "{TOKEN}"}}', "utf-8")

        def run(*arguments: str) -> str:
            environment = {**os.environ, "LLM_USER_PATH": str(tmp_path)}
            return subprocess.run(["llm", *arguments], env=environment, check=True, capture_output=True,
                                  encoding="utf-8").stdout

        yield run


def test_a_question(llm: Callable[..., str]):
    for flags in ((), ("--no-stream",)):
        said = llm("-m", "files", *flags, "How much is the deposit?")
        assert said.startswith("The deposit is 15500 pounds [1].")
        assert "[1] lease.txt, line 3" in said


def test_a_conversation(llm: Callable[..., str]):
    llm("-m", "files", "How much is the deposit?")
    assert "How much is the deposit?" in llm("-c", "What was my last question?")

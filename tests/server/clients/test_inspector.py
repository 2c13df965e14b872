"""The MCP inspector, which checks every message with the schemas of the TypeScript SDK.

Install it with: npm install -g @modelcontextprotocol/inspector
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.config import Settings

pytestmark = [pytest.mark.clients, pytest.mark.skipif(shutil.which("mcp-inspector") is None,
                                                      reason="npm install -g @modelcontextprotocol/inspector")]
ROOT = Path(__file__).parents[3]


def inspect(*arguments: str) -> dict[str, object]:
    command = ["mcp-inspector", "--cli", sys.executable, "-m", "assistant", "mcp", "--no-engine", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True, timeout=120)
    return json.loads(done.stdout)


def test_lists_and_calls_fit_the_schemas(settings: Settings):
    assert len(inspect("--method", "tools/list")["tools"]) == 5  # type: ignore[arg-type]
    [resource] = inspect("--method", "resources/list")["resources"]  # type: ignore[misc]
    assert inspect("--method", "resources/read", "--uri", resource["uri"])["contents"]
    assert len(inspect("--method", "resources/templates/list")["resourceTemplates"]) == 2  # type: ignore[arg-type]
    for name, argument in (("search", "query=deposit"), ("ask", "question=How much is the deposit?"), ("list_files", "limit=3"),
                           ("read_passage", f"path={resource['title']}")):
        result = inspect("--method", "tools/call", "--tool-name", name, "--tool-arg", argument)
        assert not result.get("isError"), result
        assert result["structuredContent"]

"""Every benchmark imports names that the program has."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[2] / "benchmarks").rglob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_what_a_benchmark_imports_from_the_program_is_there(script: Path) -> None:
    wanted = [node for node in ast.walk(ast.parse(script.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    for node in wanted:
        if node.module and node.module.split(".")[0] == "assistant":
            module = import_module(node.module)
            missing = [name.name for name in node.names if not hasattr(module, name.name)]
            for name in missing:
                import_module(f"{node.module}.{name}")

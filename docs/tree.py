"""Write the tree of the package into docs/architecture.md: each module with the gist of its docstring.

    .venv/bin/python docs/tree.py

tests/test_docs.py holds that the page is current.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

PAGE = Path(__file__).with_name("architecture.md")
TREE = re.compile(r"(?<=^```\n)assistant/.*?(?=^```$)", re.MULTILINE | re.DOTALL)
PACKAGE = Path(__file__).parents[1] / "assistant"
FEWEST_WORDS = 3
COLUMN = 28  # where the meanings begin, counted from the name's own depth


def tree(folder: Path, depth: int = 0) -> list[str]:
    """Return the lines for a folder: its modules first, then the folders in it."""
    lines = [line(f"{folder.name}/", meaning(folder / "__init__.py"), depth)]
    modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    lines += [line(path.name, meaning(path), depth + 1) for path in modules]
    for inner in sorted(path.parent for path in folder.glob("*/__init__.py")):
        lines += tree(inner, depth + 1)
    return lines


def line(name: str, says: str, depth: int) -> str:
    """Return one line of the tree."""
    return f"{'  ' * depth}{name:<{COLUMN}} {says}".rstrip()


def meaning(module: Path) -> str:
    """Return the first sentence of a module's docstring, without what follows a colon if enough stands before it."""
    sentence = (ast.get_docstring(ast.parse(module.read_text("utf-8"))) or "").split("\n")[0].split(". ")[0].rstrip(".")
    gist = sentence.split(": ")[0]
    return gist if len(gist.split()) >= FEWEST_WORDS else sentence


def current(page: str) -> str:
    """Return the page with the tree as it is now."""
    return TREE.sub(lambda _: "\n".join(tree(PACKAGE)) + "\n", page)


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text("utf-8")), "utf-8")

"""The dependency rules of the packages, held by walking the imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "assistant"
MODULES = sorted(PACKAGE.rglob("*.py"))

SHARED = {"datatypes", "errors", "text", "system"}
STAGES = {"ingest", "index", "retrieval", "tables", "generation", "models", "catalog", "history"}
USE_CASES = {"ask", "ingest", "diagnostics"}  # of app; they share app/library and app/models, and do not import each other
MAY_IMPORT = {
    "datatypes": set(), "errors": set(), "text": {"datatypes", "errors"}, "system": {"datatypes", "errors"},
    "config": {"errors", "system"},
    **dict.fromkeys(("ingest", "index", "tables", "generation", "models", "catalog", "watch", "evaluation"), SHARED),
    "retrieval": SHARED | {"index"}, "history": SHARED | {"index"},
    "app": SHARED | STAGES | {"config"},
    # front ends: commands in a terminal, and the resident process that does the same for other processes
    "server": SHARED | {"app", "config"},
    "cli": SHARED | {"app", "config", "catalog", "evaluation", "server", "watch", "history"},
}
FACES = {"typer", "rich", "prompt_toolkit"}
HEAVY = {"faiss": "index", "duckdb": "ingest, tables", "sentence_transformers": "models", "llama_cpp": "models",
         "torch": "models", "transformers": "models", "pypdfium2": "ingest", "pypdf": "ingest", "bs4": "ingest",
         "httpx": "catalog, models", "openvino": "models", "tokenizers": "models", "rapidocr": "ingest", "olefile": "ingest",
         "onnxruntime": "ingest", "PIL": "ingest", "python_calamine": "ingest", "msoffcrypto": "ingest", "lxml": "ingest",
         "watchdog": "watch", "pymilvus": "index", "milvus_lite": "index"}


WEB = {"mcp", "mcp_types", "starlette", "uvicorn"}  # only the servers of other programs, which a command imports when it runs
SERVERS = ("server/http/", "server/mcp/")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def package_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return {"__init__": "app", "__main__": "cli"}.get(first, first)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the full names that an import statement brings in."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        yield from imported(node)


def test_only_one_module_makes_the_text_of_a_prompt():
    makers = {name_of(path) for path in MODULES for node in ast.walk(tree_of(path))
              if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("PromptText")}
    assert makers == {"assistant/generation/untrusted_text.py"}


def test_what_the_program_says_is_not_put_together_with_the_text_of_a_file():
    """own_words takes a name, a constant or what a call returns: parts are put together by filled and joined, which are typed."""
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "own_words":
                said = ast.unparse(node)
                assert not any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in ast.walk(node)), f"{name_of(path)}: {said}"
                assert not any(word in said for word in (".chunk", "searchable", ".path", ".title")), f"{name_of(path)}: {said}"


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a module is imported: no function's body, nothing for the type checker alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from at_import(child)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_packages_import_only_what_they_may(path):
    package = package_of(path)
    assert package in MAY_IMPORT, f"say what {package} may import, in this test and in docs/architecture.md"
    for full in imports_of(path):
        top, _, rest = full.partition(".")
        if top != "assistant":
            continue
        target = rest.split(".")[0]
        if not (PACKAGE / target).is_dir() and not (PACKAGE / f"{target}.py").exists():
            continue  # a name of the package itself, such as __version__
        assert target == package or target in MAY_IMPORT[package], f"{name_of(path)} imports {full}"


def use_case_of(name: str) -> str:
    """Return the use case that a dotted name below app belongs to; an empty string for what they share."""
    parts = name.split(".")
    return parts[2] if parts[:2] == ["assistant", "app"] and len(parts) > 2 and parts[2] in USE_CASES else ""


@pytest.mark.parametrize("path", sorted((PACKAGE / "app").rglob("*.py")), ids=name_of)
def test_use_cases_do_not_import_each_other(path):
    own = use_case_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if path.name == "assistant.py":
        return  # the facade: the only module of app that knows all of them
    for full in imports_of(path):
        other = use_case_of(full)
        assert not other or other == own, f"{name_of(path)} imports {full}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_command_line_knows_faces(path):
    if package_of(path) != "cli":
        assert not FACES & {full.split(".")[0] for full in imports_of(path)}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_heavy_library_is_imported_in_one_package_and_when_it_is_needed(path):
    for full in imports_of(path):
        library = full.split(".")[0]
        assert package_of(path) in HEAVY.get(library, package_of(path)).split(", "), f"{name_of(path)} imports {full}"
    early = {full.split(".")[0] for node in at_import(tree_of(path)) for full in imported(node)}
    assert not early & HEAVY.keys()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_web_libraries_stay_in_the_servers_which_are_imported_when_they_are_needed(path):
    if str(path.relative_to(PACKAGE).as_posix()).startswith(SERVERS):
        return
    assert not {full.split(".")[0] for full in imports_of(path)} & WEB
    early = {full for node in at_import(tree_of(path)) for full in imported(node)}
    assert not {full for full in early if full.startswith(("assistant.server.http", "assistant.server.mcp"))}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_command_line_prints(path):
    calls = {node.func.id for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert package_of(path) == "cli" or "print" not in calls


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_milvus_stays_in_its_folder(path):
    inside = str(path.relative_to(PACKAGE).as_posix()).startswith("index/milvus/")
    full = set(imports_of(path))
    assert inside or not any(name.split(".")[0] in {"pymilvus", "milvus_lite"} or name.startswith("assistant.index.milvus")
                             for name in full)
    words = path.read_text("utf-8").lower().count("milvus")
    assert inside or not words or name_of(path) in MENTIONS_OF_MILVUS, "no code outside the folder depends on the kind of store"


# where its scheme is registered, and texts for users and readers
MENTIONS_OF_MILVUS = {"assistant/index/places.py", "assistant/index/interfaces.py", "assistant/index/__init__.py",
                      "assistant/cli/commands/library.py", "assistant/cli/app.py"}
NETWORK = {"assistant/catalog/sources.py", "assistant/models/remote/transport.py"}


def test_two_files_use_the_network_one_for_downloads_and_one_for_a_chat_model_on_another_machine():
    clients = {"httpx", "requests", "urllib3", "aiohttp", "http.client", "urllib.request"}
    users = {name_of(path) for path in MODULES for full in imports_of(path)
             if any(full == client or full.startswith(f"{client}.") for client in clients)}
    assert users == NETWORK


def test_only_the_remote_chat_model_is_permitted_to_use_the_network_in_the_engine():
    users = {name_of(path) for path in MODULES for full in imports_of(path) if full.endswith("permit_network")}
    assert users == {"assistant/models/remote/address.py", "assistant/models/remote/transport.py"}


STARTING = {"subprocess", "pty", "webbrowser", "concurrent.futures.ProcessPoolExecutor", "concurrent.futures.process"}
STARTING_CALLS = re.compile(r"\bos\.(system|popen|fork|forkpty|exec\w+|spawn\w+|posix_spawnp?|startfile)\b|\bsys\.executable\b"
                            r"|\bcreate_subprocess_\w+")
FOR_CONNECTIONS = {"multiprocessing.connection", "multiprocessing.context.AuthenticationError"}  # these start no process


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_processes_are_started_in_one_place(path):
    if package_of(path) == "system":
        return
    tree = tree_of(path)
    full = {name for node in run_time(tree) for name in imported(node)}
    assert not {name for name in full if name in STARTING or name.split(".")[0] in STARTING}
    assert not {name for name in full if name.startswith("multiprocessing")
                and not any(name.startswith(allowed) for allowed in FOR_CONNECTIONS)}
    assert not STARTING_CALLS.findall(ast.unparse(tree)), "start it through assistant.system"


def run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Yield everything but what is there for the type checker alone."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield child
            yield from run_time(child)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_click_is_not_imported_since_typer_may_not_bring_it(path):
    assert "click" not in {full.split(".")[0] for full in imports_of(path)}


def test_help_loads_no_model_library():
    program = ("import runpy, sys; sys.argv = ['assistant', '--help']\n"
               "try: runpy.run_module('assistant', run_name='__main__')\n"
               "except SystemExit as end: assert not end.code\n"
               "print('LOADED', *sorted(set(sys.modules) & {'torch', 'sentence_transformers', 'faiss', 'llama_cpp', "
               "'transformers', 'pypdf', 'pypdfium2', 'httpx', 'prompt_toolkit', 'openvino', 'tokenizers', 'rapidocr', "
               "'PIL', 'olefile', 'watchdog', 'mcp', 'starlette', 'uvicorn', 'pymilvus', 'milvus_lite'}))")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert "Usage: assistant" in done.stdout
    assert done.stdout.splitlines()[-1] == "LOADED"

"""The scripts from end to end, with a small program in the place of the assistant."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import CommandFailed, Library, median_time
from questions import Question

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
STAND_IN = """
import json, os, sys
command = sys.argv[1]
if command == "add":
    print("adding", file=sys.stderr)
    sys.exit(0 if os.path.isdir(sys.argv[2]) else 1)
assert sys.argv[-5:] == ["--batch", "-", "--json", "-L", "squad2"]
for line in sys.stdin:
    given = json.loads(line)
    hits = [{"path": "/x/a.md", "location": {"char_start": 0, "char_end": 9}}]
    result = {"id": given["id"], "question": given["question"], "hits": hits, "timings": {"total_ms": 12.0}}
    if command == "ask":
        refused = "colour" in given["question"]
        result |= {"answer": "It is 35 Nm [1].", "abstained": refused, "home": os.environ.get("ASSISTANT_HOME")}
        result |= {"chat": os.environ.get("ASSISTANT_CHAT"), "citations": [] if refused else [
            {"number": 1, "path": "/x/a.md", "location": {}, "quote": "35 Nm"}]}
    print(json.dumps(result), flush=True)
sys.exit(3)
"""
RECORDS = [
    {"id": "torque", "question": "What torque?", "answerable": True, "answers": ["35 Nm"], "gold_docs": ["a.md"]},
    {"id": "colour", "question": "What colour?", "answerable": False, "answers": [], "gold_docs": []},
]


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder with one set, and the stand-in where `python -m assistant` looks first."""
    (tmp_path / "assistant").mkdir()
    (tmp_path / "assistant" / "__init__.py").touch()  # without it an installed package of this name would come first
    (tmp_path / "assistant" / "__main__.py").write_text(STAND_IN, "utf-8")
    (tmp_path / "data" / "squad2" / "corpus").mkdir(parents=True)
    (tmp_path / "data" / "squad2" / "corpus" / "a.md").write_text("A torque of 35 Nm.", "utf-8")
    (tmp_path / "data" / "squad2" / "queries.jsonl").write_text("\n".join(map(json.dumps, RECORDS)), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def run(script, *arguments):
    command = [sys.executable, str(BENCHMARKS / script), *map(str, arguments)]
    installed = {**os.environ, "PYTHONPATH": str(BENCHMARKS.parent)}  # the stand-in comes first: it is where the script runs
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env=installed)


def test_results_come_back_by_id_and_as_they_arrive(data):
    seen = []
    library = Library("squad2", data / "home", chat="fake:")
    questions = [Question("1", "什么颜色？", answerable=True), Question("2", "What torque?", answerable=True)]
    results = library.ask_all(("ask",), questions, seen.append)
    assert list(results) == ["1", "2"]
    assert seen == list(results.values())
    assert results["1"]["question"] == "什么颜色？"
    assert (results["1"]["home"], results["1"]["chat"]) == (str(data / "home"), "fake:")
    assert median_time(results, "total_ms") == 12.0
    assert median_time(results, "first_token_ms") is None


def test_a_command_that_fails_is_named(data):
    with pytest.raises(CommandFailed, match=r"assistant add .* exit code 1"):
        Library("squad2").add(data / "nowhere")


def test_retrieval_prints_a_table_and_writes_a_file(data):
    done = run("retrieval.py", data, "--sets", "squad2", "--home", data / "home", "--out", data / "out" / "r.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[2].startswith("| squad2 | 1 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | ")
    assert done.stdout.splitlines()[2].endswith(" | 12 |")
    written = json.loads((data / "out" / "r.json").read_text("utf-8"))
    assert written["squad2"]["scores"]["files"]["recall_at_10"] == 1


def test_a_set_that_is_not_there_is_an_error(data):
    done = run("retrieval.py", data, "--sets", "absent")
    assert done.returncode == 1
    assert "absent" in done.stderr
    assert "Traceback" not in done.stderr

"""A peer that is made up: what its driver says is what is scored."""

import json
import shutil
import sys
from pathlib import Path

import peers
import pytest
from command import CommandFailed
from questions import Question

DRIVER = '''
from peer_driver import drive, texts_of

def index(folder, model, state, depth):
    texts = texts_of(folder)
    (state / "index").write_text("kept", "utf-8")
    def ask(question):
        return sorted(texts, key=lambda name: question not in texts[name])[:depth]
    return ask

drive("pytest", index)
'''


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    corpus = tmp_path / "data" / "made" / "corpus"
    corpus.mkdir(parents=True)
    for name in ("a", "b", "c"):
        (corpus / f"{name}.txt").write_text(f"It speaks of {name * 3}.", "utf-8")
    drivers = tmp_path / "drivers"
    drivers.mkdir()
    shutil.copy(peers.HERE / "peer_driver.py", drivers)
    (drivers / "peer_made.py").write_text(DRIVER, "utf-8")
    (drivers / "peer_broken.py").write_text("raise SystemExit(1)", "utf-8")
    monkeypatch.setattr(peers, "HERE", drivers)
    return tmp_path / "data"


def asked(*names: str) -> list[Question]:
    return [Question(name, name * 3, answerable=True, gains=((f"{name}.txt", 1.0),)) for name in names]


def test_a_peer_is_scored_by_the_files_that_it_names(data: Path, tmp_path: Path):
    done = peers.measure_peer("made", Path(sys.executable), data, "made", asked("a", "b", "c"), tmp_path)
    assert (done.dataset, done.program) == ("made", f"made {pytest.__version__}")
    assert (done.scores.ndcg_at_10, done.scores.recall_at_10) == (1.0, 1.0)
    assert done.starting is not None
    assert 0 < done.starting <= done.seconds
    assert done.cpu_seconds > 0
    assert len(peers.row_of(done)) == len(peers.HEADER)


def test_what_a_peer_does_not_find_costs_it(data: Path, tmp_path: Path):
    questions = [*asked("a"), Question("none", "a" * 3, answerable=True, gains=(("gone.txt", 1.0),))]
    done = peers.measure_peer("made", Path(sys.executable), data, "made", questions, tmp_path)
    assert done.scores.recall_at_10 == 0.5


def test_a_peer_that_breaks_off_is_an_error(data: Path, tmp_path: Path):
    with pytest.raises(CommandFailed, match="broken did not answer all questions on made"):
        peers.measure_peer("broken", Path(sys.executable), data, "made", asked("a"), tmp_path)


def test_peers_run_without_the_network_and_keep_nothing(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen = tmp_path / "seen.json"
    (peers.HERE / "peer_made.py").write_text(
        "import json, os, sys\n"
        f"open({str(seen)!r}, 'w').write(json.dumps([os.environ['HF_HUB_OFFLINE'], sys.argv[3]]))\n" + DRIVER, "utf-8")
    peers.measure_peer("made", Path(sys.executable), data, "made", asked("a"), tmp_path)
    offline, state = json.loads(seen.read_text("utf-8"))
    assert offline == "1"
    assert not Path(state).exists()

"""The program is run as a person runs it, as a tree of processes, and uses no network."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from assistant.app.diagnostics.offline_proof import NetworkEvidence, Observer, OfflineProof, TrialStep
from assistant.app.diagnostics.offline_proof.proof import CONTROL, choose_observer, observe, prove, why_unusable
from assistant.app.diagnostics.offline_proof.trial import TrialHome, processes_of, trial_home
from assistant.config import Settings
from assistant.errors import AssistantError, ModelMissing
from assistant.system.children import interpreter

FEWEST_PROCESSES = 20  # the session, a command a step, readers, the engine, the watch


@pytest.fixture
def settings(own_home: Path) -> Settings:
    return Settings(home=own_home, chat="fake:", embed="fake:")


@pytest.fixture
def small_models(own_home: Path, weights: Callable[[str], Path]) -> Settings:
    models = weights("all-minilm-l6-v2").parent
    weights("smollm2-135m-instruct")  # llama.cpp opens the same sockets, none, for a model of any size
    own_home.mkdir()
    (own_home / "models").symlink_to(models)
    return Settings(home=own_home, chat="smollm2-135m-instruct", embed="all-minilm-l6-v2")


@pytest.fixture
def trial(settings: Settings) -> Iterator[TrialHome]:
    with trial_home(settings) as made:
        yield made


def require(way: Observer, settings: Settings) -> None:
    with trial_home(settings) as made:
        if refusal := why_unusable(way, made):
            pytest.skip(f"cannot observe by {way}: {refusal}")


def with_path(trial: TrialHome, path: str) -> TrialHome:
    return replace(trial, environment={**trial.environment, "PATH": path})


@pytest.mark.offline
@pytest.mark.parametrize("way", [Observer.STRACE, Observer.UNSHARE])
def test_nothing_is_attempted(settings: Settings, way: Observer) -> None:
    require(way, settings)
    assert_offline(prove(settings, lambda name: None, (way,)))


@pytest.mark.offline
@pytest.mark.model
@pytest.mark.parametrize("way", [Observer.STRACE, Observer.UNSHARE])
def test_nothing_is_attempted_with_models(small_models: Settings, way: Observer) -> None:
    require(way, small_models)
    assert_offline(prove(small_models, lambda name: None, (way,)))


def assert_offline(proof: OfflineProof) -> None:
    assert [(step.name, step.failure) for step in proof.failures] == []
    assert proof.evidence.attempts == ()
    assert proof.evidence.inet_sockets == proof.evidence.names == 0
    assert proof.evidence.processes >= FEWEST_PROCESSES
    assert proof.evidence.calls > 0  # the engine's own socket was seen, so calls are
    assert proof.holds


@pytest.mark.offline
@pytest.mark.parametrize("way", Observer)
def test_a_process_that_uses_the_network_is_seen_two_generations_down(settings: Settings, trial: TrialHome,
                                                                      way: Observer) -> None:
    require(way, settings)
    seen = observe(way, [*interpreter(), "-c", CONTROL, *interpreter()], trial, lambda line: None)
    assert any("192.0.2.1" in attempt or "OutNoRoutes" in attempt for attempt in seen.attempts)


def test_a_tool_that_is_refused_gives_way_to_the_next_one(trial: TrialHome, tmp_path: Path) -> None:
    for name in ("strace", "unshare"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{name}: Operation not permitted' >&2\nexit 1\n")
        (tmp_path / name).chmod(0o700)
    way, passed_over = choose_observer(tuple(Observer), with_path(trial, f"{tmp_path}{os.pathsep}{os.environ['PATH']}"))
    assert way is Observer.AUDIT
    assert passed_over == ("strace: strace: Operation not permitted", "unshare: unshare: Operation not permitted")


def test_a_tool_that_sees_nothing_gives_way_to_the_next_one(trial: TrialHome, tmp_path: Path) -> None:
    (tmp_path / "strace").write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\n: > "$2"\n')
    (tmp_path / "strace").chmod(0o700)
    with pytest.raises(AssistantError, match="it does not detect a control program that uses the network"):
        choose_observer((Observer.STRACE,), with_path(trial, f"{tmp_path}{os.pathsep}{os.environ['PATH']}"))


def test_a_tool_that_is_absent_gives_way_to_the_next_one(trial: TrialHome, tmp_path: Path) -> None:
    bare = with_path(trial, str(tmp_path))
    passed_over = ("strace: strace is not installed", "unshare: unshare is not installed")
    assert choose_observer(tuple(Observer), bare) == (Observer.AUDIT, passed_over)
    with pytest.raises(AssistantError, match="strace is not installed"):
        choose_observer((Observer.STRACE,), bare)


def test_a_step_that_fails_proves_nothing() -> None:
    seen = NetworkEvidence(processes=20, calls=5)
    assert OfflineProof(Observer.STRACE, (), (TrialStep("ask", 1.0),), seen).holds
    assert not OfflineProof(Observer.STRACE, (), (TrialStep("ask", 1.0, "exit code 1"),), seen).holds
    assert not OfflineProof(Observer.STRACE, (), (), seen).holds
    assert not OfflineProof(Observer.STRACE, (), (TrialStep("ask", 1.0),), NetworkEvidence()).holds


def test_a_model_that_is_not_here_is_said_before_anything_runs(own_home: Path) -> None:
    with pytest.raises(ModelMissing):
        prove(Settings(home=own_home), lambda name: pytest.fail("it began"))


def test_a_trial_leaves_nothing_and_changes_no_model(own_home: Path) -> None:
    model = own_home / "models" / "all-minilm-l6-v2"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}", "utf-8")
    (model / ".engine.json").write_text("{}", "utf-8")
    (model / ".verified.json").write_text("{}", "utf-8")
    with trial_home(Settings(home=own_home, chat="fake:", embed="all-minilm-l6-v2")) as made:
        there = made.home / "models" / "all-minilm-l6-v2"
        assert sorted(path.name for path in there.iterdir()) == [".verified.json", "config.json"]
        (there / ".verified.json").write_text("changed", "utf-8")
        assert made.environment["ASSISTANT_HOME"] == str(made.home) != str(own_home)
    assert not made.folder.exists()
    assert (model / ".verified.json").read_text("utf-8") == (model / "config.json").read_text("utf-8") == "{}"
    assert processes_of(made.home) == []


CHILD = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True).pid, flush=True)
time.sleep(600)
"""
PROOF = f"""
import sys
from pathlib import Path
from assistant.app.diagnostics.offline_proof.proof import run_observed
from assistant.app.diagnostics.offline_proof.trial import trial_home
from assistant.config import Settings
with trial_home(Settings(home=Path(sys.argv[1]), chat="fake:", embed="fake:")) as made:
    print(made.folder, flush=True)
    run_observed([sys.executable, "-c", {CHILD!r}], made.environment, made.folder, lambda line: print(line, flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_a_proof_that_is_terminated_ends_its_processes(own_home: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PROOF, str(own_home)], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE,
                          text=True) as proof:
        assert proof.stdout is not None
        folder, grandchild = Path(proof.stdout.readline().strip()), int(proof.stdout.readline())
        try:
            proof.send_signal(signal.SIGTERM)
            assert proof.wait(timeout=60) == 128 + signal.SIGTERM
            assert not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE
            assert not folder.exists()
        finally:
            for process in processes_of(folder / "home"):
                process.kill()

"""Prove on this machine, with the person's own models, that the program uses no network."""

from __future__ import annotations

import json
from collections.abc import Callable

from assistant.app.diagnostics.offline_proof.evidence import Observer, OfflineProof, TrialStep
from assistant.app.diagnostics.offline_proof.observe import observe, why_unusable
from assistant.app.diagnostics.offline_proof.trial import TrialHome, trial_home
from assistant.app.models.cache import chat_spec, embedder_spec, reranker_spec
from assistant.config import Settings
from assistant.errors import AssistantError
from assistant.system.children import command_of

OnStep = Callable[[str], None]


def prove(settings: Settings, on_step: OnStep, ways: tuple[Observer, ...] = tuple(Observer)) -> OfflineProof:
    """Run the program in a temporary home under the strongest way of observing that this machine allows.

    Calls `on_step` with the name of each step that begins. Raises ModelMissing where a model is not on this disk, and
    AssistantError where none of `ways` can be used.
    """
    require_models(settings)
    with trial_home(settings) as trial:
        on_step("see how this machine lets processes be observed")
        way, passed_over = choose_observer(ways, trial)
        steps: list[TrialStep] = []
        evidence = observe(way, command_of("assistant.app.diagnostics.offline_proof.session", str(trial.files)), trial,
                           lambda line: record_step(line, steps, on_step))
    return OfflineProof(way, passed_over, tuple(steps), evidence)


def require_models(settings: Settings) -> None:
    """Raise ModelMissing or UsageError where a chosen model is not there."""
    embedder_spec(settings)
    chat_spec(settings)
    if settings.rerank:
        reranker_spec(settings)


def choose_observer(ways: tuple[Observer, ...], trial: TrialHome) -> tuple[Observer, tuple[str, ...]]:
    """Return the first way that works here, and why those before it do not. Raises AssistantError where none does."""
    passed_over: list[str] = []
    for way in ways:
        refusal = why_unusable(way, trial)
        if not refusal:
            return way, tuple(passed_over)
        passed_over.append(f"{way}: {refusal}")
    raise AssistantError(f"Nothing on this machine can observe the program: {'; '.join(passed_over)}.", "Install strace.")


def record_step(line: str, steps: list[TrialStep], on_step: OnStep) -> None:
    """Take one line of the session: the name of a step that begins, or how one ended."""
    said = json.loads(line)
    if "begin" in said:
        on_step(said["begin"])
    else:
        steps.append(TrialStep(**said))

"""The findings of `doctor`, one fault at a time."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from assistant.app.assistant import Assistant
from assistant.app.diagnostics import doctor, hardware
from assistant.config import Settings
from assistant.datatypes import Finding, Gpu, Machine, Severity

MACHINE = Machine("Linux x86_64", "A processor", 4, ("avx2",), 16 * 10**9, 8 * 10**9, 50 * 10**9)


@pytest.fixture
def settings(own_home: Path) -> Settings:
    return Settings(home=own_home, chat="fake:", embed="fake:")


@pytest.fixture
def library(settings: Settings, tmp_path: Path) -> Path:
    file = tmp_path / "note.txt"
    file.write_text("The lease ends in May.", "utf-8")
    with Assistant(settings) as assistant:
        assistant.add([file])
        return assistant.library_file


def severities(findings: tuple[Finding, ...]) -> list[Severity]:
    return [finding.severity for finding in findings]


def test_a_sound_library(settings, library):
    assert severities(doctor.with_library(settings, doctor.examine_library)) == [Severity.OK]


def test_no_library(settings):
    assert severities(doctor.with_library(settings, doctor.examine_library)) == [Severity.WARNING]


def test_a_damaged_library(settings, library):
    for beside in library.parent.glob("library.sqlite-*"):
        beside.unlink()
    library.write_bytes(b"no database" * 1000)
    (finding,) = doctor.with_library(settings, doctor.examine_library)
    assert finding.severity is Severity.ERROR
    assert "not a readable library" in finding.detail


def test_a_library_of_another_embedding_model(settings, library):
    findings = doctor.with_library(replace(settings, embed="bge-m3"), doctor.examine_library)
    assert severities(findings) == [Severity.OK, Severity.ERROR]
    assert "sync --rebuild" in findings[1].remedy


def test_models_that_are_not_here(settings, tmp_path):
    for chat in ("", "qwen2.5-7b-instruct", str(tmp_path / "none.gguf"), "unknown"):
        finding = doctor.examine_model("chat model", chat, lambda chat=chat: doctor.chat_path(replace(settings, chat=chat)))
        assert finding.severity is Severity.ERROR
        assert finding.remedy


def test_a_model_of_ones_own(settings, tmp_path):
    file = tmp_path / "own.gguf"
    file.write_bytes(b"GGUF and more")
    settings = replace(settings, chat=str(file))
    assert doctor.examine_model("chat model", str(file), lambda: doctor.chat_path(settings)).severity is Severity.OK
    assert doctor.memory_needed(settings) == int(13 * doctor.OWN_MODEL_OVERHEAD)


@pytest.mark.parametrize(("free", "severity"), [(50e9, Severity.OK), (1e9, Severity.WARNING), (1e8, Severity.ERROR)])
def test_the_disk(free, severity):
    assert doctor.examine_disk(replace(MACHINE, disk_free=int(free))).severity is severity


def test_memory(settings):
    small = replace(MACHINE, memory_available=10**9)
    large = replace(settings, chat="qwen2.5-7b-instruct")
    gpu = Gpu("A card", 24 * 10**9, 20 * 10**9)
    assert doctor.examine_memory(large, MACHINE).severity is Severity.OK
    assert doctor.examine_memory(large, small).severity is Severity.WARNING
    assert doctor.examine_memory(large, replace(small, gpus=(gpu,))).severity is Severity.OK
    assert doctor.examine_memory(settings, small).severity is Severity.OK


@pytest.mark.parametrize(("interface", "option"), [("CUDA", "-DGGML_CUDA=on"), ("Vulkan", "-DGGML_VULKAN=on"),
                                                   ("Metal", "-DGGML_METAL=on")])
def test_a_graphics_card_that_lies_idle(monkeypatch, interface, option):
    monkeypatch.setattr(hardware, "present_gpus", lambda: (Gpu("A card", 24 * 10**9, 20 * 10**9, interface),))
    finding = doctor.examine_graphics(MACHINE)
    assert finding.severity is Severity.WARNING
    assert f"built without {interface}" in finding.detail
    assert f'CMAKE_ARGS="{option}"' in finding.remedy
    assert f'--no-binary llama-cpp-python "llama-cpp-python=={version("llama-cpp-python")}"' in finding.remedy


def test_what_the_models_run_on_is_said(monkeypatch):
    card = Gpu("A card", 24 * 10**9, 20 * 10**9, "Vulkan")
    finding = doctor.examine_graphics(replace(MACHINE, gpus=(card,)))
    assert (finding.severity, finding.detail) == (Severity.OK, "A card through Vulkan, 20.0 GB free")
    monkeypatch.setattr(hardware, "present_gpus", lambda: ())
    assert doctor.examine_graphics(MACHINE).detail.endswith("models run on the CPU")


def test_a_home_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    assert doctor.examine_home(tmp_path / "file" / "home").severity is Severity.ERROR
    assert doctor.examine_home(tmp_path / "home").severity is Severity.OK


def test_a_package_that_is_missing(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", {"no_such_module": "no-such-package"})
    assert "no-such-package not found" in doctor.examine_packages().detail


def test_a_reranker_is_looked_at_where_one_is_chosen(settings, tmp_path):
    def reranker(name: str) -> list[Finding]:
        return [finding for finding in doctor.examine(replace(settings, rerank=name)) if finding.subject == "reranker"]

    assert reranker("") == []
    (absent,) = reranker(str(tmp_path / "none"))
    assert absent.severity is Severity.ERROR
    (here,) = reranker(str(tmp_path))
    assert (here.subject, here.severity) == ("reranker", Severity.OK)

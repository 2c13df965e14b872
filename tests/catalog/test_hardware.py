"""Looking at this machine, and at machines that have something else."""

import sys
from types import SimpleNamespace

import pytest

from assistant.app.diagnostics import hardware
from assistant.datatypes import Gpu
from assistant.models.llama import load


def test_this_machine(tmp_path):
    seen = hardware.inspect_machine(tmp_path / "not" / "there" / "yet")
    assert seen.cores >= 1 and seen.system and seen.processor
    assert 0 < seen.memory_available <= seen.memory_total
    assert seen.disk_free > 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
@pytest.mark.parametrize(("text", "features"), [
    ("model name : Some Chip\nflags\t: fpu avx avx2 f16c fma nonsense\n", ("avx", "avx2", "f16c", "fma")),
    ("Features\t: fp asimd asimddp i8mm\n", ("asimd", "asimddp", "i8mm")),
    ("", ()),
])
def test_features(tmp_path, monkeypatch, text, features):
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "cpuinfo")
    assert hardware.processor_features() == features


def test_a_container_s_limit_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("2000000\n")
    (tmp_path / "memory.current").write_text("1500000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 500000\n")
    seen = hardware.inspect_machine(tmp_path)
    assert (seen.memory_total, seen.memory_available) == (2_000_000, 1_000_000)


@pytest.mark.parametrize("limit", ["max\n", None])
def test_no_limit(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(hardware, "CGROUP", tmp_path)
    if limit:
        (tmp_path / "memory.max").write_text(limit)
    assert hardware.container_memory() == (sys.maxsize, 0)


@pytest.mark.parametrize("package", [None, SimpleNamespace(submodule_search_locations=["/nowhere"]),
                                     SimpleNamespace(submodule_search_locations=None)])
def test_no_llama_cpp_is_no_graphics_card(monkeypatch, package):
    monkeypatch.setattr(load.importlib.util, "find_spec", lambda name: package)
    assert load.usable_gpus() == ()


def test_ggml_s_own_list_can_be_read(monkeypatch):
    pytest.importorskip("llama_cpp")
    monkeypatch.setattr(load, "GPU_TYPES", (0,))  # the processor stands in for a card: every build lists one
    assert all(device.name and device.memory_total > 0 for device in load.usable_gpus())
    assert load.usable_gpus()


def program(folder, monkeypatch, text):
    script = folder / "nvidia-smi"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the program")
def test_cards_that_llama_cpp_does_not_use(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, 'echo "Some Card, 16 GB, 8192, 7000"; echo "Broken Card, [N/A], [N/A]"')
    monkeypatch.setattr(hardware, "usable_gpus", lambda: ())
    machine = hardware.inspect_machine(tmp_path)
    assert hardware.unused_gpus(machine) == (Gpu("Some Card, 16 GB", 8192 * 2**20, 7000 * 2**20, "CUDA"),)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the program")
def test_a_driver_that_fails_lists_no_card(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "echo broken; exit 9")
    assert hardware.nvidia_cards() == ()


def test_no_driver_lists_no_card(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hardware.nvidia_cards() == ()


@pytest.fixture
def no_program(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(hardware.sys, "platform", "linux")
    for name in ("DRIVER", "DRAWING"):
        monkeypatch.setattr(hardware, name, tmp_path / name)
    return tmp_path


def test_without_nvidia_s_program_its_driver_is_asked(no_program):
    (no_program / "DRIVER" / "0000:01:00.0").mkdir(parents=True)
    (no_program / "DRIVER" / "0000:01:00.0" / "information").write_text("Model: \t\t Some Card\nIRQ: 7\n")
    assert hardware.present_gpus() == (Gpu("Some Card", 0, 0, "CUDA"),)


def test_other_makers_are_known_by_what_linux_draws_with(no_program):
    for number, vendor in enumerate(("0x1002", "0x1002", "0x1234")):
        (no_program / "DRAWING" / f"card{number}" / "device").mkdir(parents=True)
        (no_program / "DRAWING" / f"card{number}" / "device" / "vendor").write_text(f"{vendor}\n")
    assert hardware.present_gpus() == (Gpu("AMD graphics card", 0, 0, "Vulkan"),)


def test_nothing_that_draws_is_no_card(no_program):
    assert hardware.present_gpus() == ()


@pytest.mark.parametrize(("processor", "found"), [("arm64", (Gpu("Apple graphics", 0, 0, "Metal"),)), ("x86_64", ())])
def test_apple_s_own_processors_have_graphics(monkeypatch, processor, found):
    monkeypatch.setattr(hardware.sys, "platform", "darwin")
    monkeypatch.setattr(hardware.platform, "machine", lambda: processor)
    assert hardware.present_gpus() == found


@pytest.mark.parametrize(("device", "interface"), [
    ("CUDA0", "CUDA"), ("Vulkan12", "Vulkan"), ("MTL0", "Metal"), ("Metal", "Metal"),
])
def test_a_device_s_name_tells_its_interface(device, interface):
    assert load.interface(device) == interface

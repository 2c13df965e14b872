"""How many layers of a chat model go to the graphics card."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from assistant.datatypes import Gpu
from assistant.models.llama import load
from assistant.models.llama.load import ALL_LAYERS, COMPUTE_BYTES, plan_layers

SIZE = 32_000_000  # bytes: one layer is a thirty-second of it


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"")
    with path.open("r+b") as file:
        file.truncate(SIZE)
    return path


@pytest.mark.parametrize(("free", "layers"), [
    ((2 * (SIZE + COMPUTE_BYTES),), ALL_LAYERS), ((COMPUTE_BYTES + 10_500_000,), 10), ((0, COMPUTE_BYTES + 3_500_000), 3),
    ((0,), 0), ((), 0),
])
def test_as_many_layers_as_fit_the_largest_card(model: Path, monkeypatch: pytest.MonkeyPatch, free: tuple[int, ...],
                                                layers: int) -> None:
    monkeypatch.setattr(load, "usable_gpus", lambda: tuple(Gpu("card", 0, each, "CUDA") for each in free))
    api = SimpleNamespace(llama_supports_gpu_offload=lambda: True)
    assert plan_layers(api, model, -1) == layers
    assert plan_layers(api, model, 7) == 7
    assert plan_layers(SimpleNamespace(llama_supports_gpu_offload=lambda: False), model, 7) == 0


def test_the_libraries_are_looked_for_where_llama_cpp_loads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llama_cpp")
    monkeypatch.setattr(load, "GPU_TYPES", (0,))  # the processor stands in for a card: every build lists one
    assert load.usable_gpus()
    monkeypatch.setenv("LLAMA_CPP_LIB_PATH", str(tmp_path))
    assert load.usable_gpus() == ()

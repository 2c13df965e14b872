"""A model file in, the loaded model out, with as many layers on the graphics card as fit there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assistant.backends.llama.amx import has_amx
from assistant.backends.llama.log import LogKeeper
from assistant.backends.llama.offload import plan_layers
from assistant.errors import ModelUnusable


def open_model(api: Any, path: Path, gpu_layers: int, log: LogKeeper) -> Any:  # noqa: ANN401 - the C library, a C pointer
    """Return the loaded model. Raises ModelUnusable."""
    check_magic(path)
    layers = plan_layers(api, path, gpu_layers)
    parameters = api.llama_model_default_params()
    parameters.use_extra_bufts = not has_amx()
    while True:
        parameters.n_gpu_layers = layers
        model = api.llama_model_load_from_file(str(path).encode(), parameters)
        if model:
            return model
        if not layers:
            raise ModelUnusable(f"{path} cannot be loaded: {log.last_error() or 'llama.cpp gave no reason'}.",
                                "It may be truncated or damaged. Run: assistant models verify")
        layers //= 2  # the graphics memory was fuller than it looked


def check_magic(path: Path) -> None:
    """Raise ModelUnusable where the file does not begin as a GGUF does."""
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelUnusable(f"{path} is not a GGUF model.",
                                "Give a .gguf file, or a name that `assistant models list` shows.")

"""A file of the safetensors format in, its tensors out by name, mapped and not read: pages come in as they are used.

The format: eight bytes with the header's length, a JSON header (type, shape, span of each tensor), the tensors' bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.backends.encoder.recipe import NotKnown

TYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}
LARGEST_HEADER = 100 * 2**20
WORDS = "embeddings.word_embeddings.weight"


class Weights:
    """The tensors of one model, as float32."""

    def __init__(self, path: Path) -> None:
        try:
            self._bytes = np.memmap(path, np.uint8, mode="c")  # never written; OpenVINO shares no memory that could not be
            length = int.from_bytes(self._bytes[:8].tobytes(), "little")
            header = json.loads(self._bytes[8:8 + min(length, LARGEST_HEADER)].tobytes())
        except (OSError, ValueError) as error:
            raise NotKnown(f"it has no {path.name} that can be read") from error
        self._start = 8 + length
        names = [name for name in header if name.endswith(WORDS)]
        if len(names) != 1:
            raise NotKnown("its weights are named otherwise")
        prefix = names[0].removesuffix(WORDS)
        self._tensors: dict[str, dict[str, Any]] = {name.removeprefix(prefix): header[name] for name in header}

    def __getitem__(self, name: str) -> npt.NDArray[np.float32]:
        """Return a tensor; float32 ones are views of the file. Raises NotKnown where there is none, or of another type."""
        tensor = self._tensors.get(name)
        if tensor is None or tensor["dtype"] not in TYPES:
            raise NotKnown(f"its weights lack {name}, or hold it in a form that is not known")
        begin, end = tensor["data_offsets"]
        raw = self._bytes[self._start + begin:self._start + end]
        if len(raw) != end - begin:
            raise NotKnown("its weights are cut off")
        if begin % 4 or self._start % 4:  # a view must begin at a multiple of its items' size
            raw = raw.copy()
        values = raw.view(TYPES[tensor["dtype"]]).reshape(tensor["shape"])
        if tensor["dtype"] == "BF16":  # the upper half of a float32
            values = (values.astype(np.uint32) << 16).view(np.float32)
        return np.asarray(values, np.float32)

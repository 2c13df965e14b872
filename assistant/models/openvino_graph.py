"""Build and compile BERT's encoder (Devlin et al. 2018) as an OpenVINO graph, and read the model folder it is built from."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Variant = Literal["f32", "bf16", "int8"]
CONVERTER = "openvino.tools.ovc"  # not needed and slow to import
TELEMETRY = "openvino_telemetry"  # reports usage to the makers of OpenVINO, which runs without it
LARGEST_INT8 = 127
MASKED = -1e9  # added to the attention scores of padding


def load_library() -> Any:  # noqa: ANN401 - an optional library, untyped if not installed
    """Return the module openvino without its telemetry. Raises NotSupported if it is not installed."""
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # importing it fails in this process from now on
    absent = object()
    before = sys.modules.get(CONVERTER, absent)
    sys.modules[CONVERTER] = None  # type: ignore[assignment]  # OpenVINO handles its absence
    try:
        import openvino
        from openvino import opset13  # noqa: F401 - makes openvino.opset13 available
    except (ImportError, OSError) as error:
        raise NotSupported(f"OpenVINO cannot be loaded: {error}") from error
    finally:
        if before is absent:
            del sys.modules[CONVERTER]
        else:
            sys.modules[CONVERTER] = before  # type: ignore[assignment]
    return openvino


def processor(library: Any) -> tuple[str, tuple[str, ...]]:  # noqa: ANN401
    """Return the processor's name and its native capabilities such as "BF16". Raises NotSupported if OpenVINO has none."""
    try:
        core = library.Core()
        return (str(core.get_property("CPU", "FULL_DEVICE_NAME")),
                tuple(map(str, core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))))
    except RuntimeError as error:
        raise NotSupported("OpenVINO does not know this processor") from error


def compile_requests(config: EncoderConfig, weights: Tensors, variant: Variant) -> list[Any]:
    """Return one inference request for each core, to run in parallel.

    Each maps (ids, mask) of shape (texts, tokens) to vectors of shape (texts, tokens, hidden).
    """
    library = load_library()
    options = {"INFERENCE_PRECISION_HINT": "bf16" if variant == "bf16" else "f32",
               "NUM_STREAMS": cores(), "INFERENCE_NUM_THREADS": cores()}
    try:
        graph = Graph(library, config, weights, variant == "int8").model()
        compiled = compile_plainly(library, graph, options)
        return [compiled.create_infer_request() for _ in range(cores())]
    except RuntimeError as error:
        raise NotSupported(f"OpenVINO refuses the {variant} graph") from error


def compile_plainly(library: Any, graph: Any, options: dict[str, Any]) -> Any:  # noqa: ANN401
    """Compile the graph without OpenVINO's fusion of attention, if this build supports that option.

    With bfloat16 on AMX the fused kernel takes 40 % of the time, plain products and softmax half of that.
    """
    core = library.Core()
    try:
        return core.compile_model(graph, "CPU", options | {"SNIPPETS_MODE": "DISABLE"})
    except RuntimeError:
        return core.compile_model(graph, "CPU", options)


def cores() -> int:
    """Return the physical cores that this process may use."""
    import psutil  # type: ignore[import-untyped, unused-ignore]

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(psutil.cpu_count(logical=False) or allowed, allowed)


class Graph:
    """Builds the encoder's nodes."""

    def __init__(self, library: Any, config: EncoderConfig, weights: Tensors, quantized: bool) -> None:  # noqa: ANN401
        self._library, self._op = library, library.opset13
        self._config, self._weights, self._quantized = config, weights, quantized

    def model(self) -> Any:  # noqa: ANN401
        """Return the whole model."""
        op = self._op
        ids = op.parameter([-1, -1], np.int64, "input_ids")
        mask = op.parameter([-1, -1], np.int64, "attention_mask")
        padded = op.subtract(self._constant(1.0), op.convert(op.unsqueeze(mask, self._whole(1, 2)), "f32"))
        bias = op.multiply(padded, self._constant(MASKED))
        flow = self._embed(ids)
        for number in range(self._config.layers):
            flow = self._layer(flow, bias, f"encoder.layer.{number}.")
        return self._library.Model([op.result(flow)], [ids, mask], "encoder")

    def _embed(self, ids: Any) -> Any:  # noqa: ANN401
        op, first = self._op, self._config.first_position
        count = op.gather(op.shape_of(ids), self._whole(1), self._one(0))
        positions = (self._weights["embeddings.position_embeddings.weight"][first:]
                     + self._weights["embeddings.token_type_embeddings.weight"][0])
        places = op.slice(self._constant(positions), self._whole(0), count, self._whole(1), self._whole(0))
        words = op.gather(self._tensor("embeddings.word_embeddings.weight"), ids, self._one(0))
        return self._normalize(op.add(words, places), "embeddings.LayerNorm")

    def _layer(self, flow: Any, bias: Any, name: str) -> Any:  # noqa: ANN401
        op = self._op
        query, key, value = (self._heads(self._dense(flow, f"{name}attention.self.{part}")) for part in ("query", "key", "value"))
        seen = op.transpose(self._attend(query, key, value, bias), self._whole(0, 2, 1, 3))
        seen = self._dense(op.reshape(seen, self._whole(0, 0, self._config.hidden), True), f"{name}attention.output.dense")
        flow = self._normalize(op.add(seen, flow), f"{name}attention.output.LayerNorm")
        wide = op.gelu(self._dense(flow, f"{name}intermediate.dense"), "erf")
        return self._normalize(op.add(self._dense(wide, f"{name}output.dense"), flow), f"{name}output.LayerNorm")

    def _attend(self, query: Any, key: Any, value: Any, bias: Any) -> Any:  # noqa: ANN401
        op = self._op
        scale = self._constant((self._config.hidden // self._config.heads) ** -0.5)
        scores = op.add(op.matmul(op.multiply(query, scale), key, False, True), bias)
        return op.matmul(op.softmax(scores, -1), value, False, False)

    def _heads(self, flow: Any) -> Any:  # noqa: ANN401
        width = self._config.hidden // self._config.heads
        apart = self._op.reshape(flow, self._whole(0, 0, self._config.heads, width), True)
        return self._op.transpose(apart, self._whole(0, 2, 1, 3))

    def _dense(self, flow: Any, name: str) -> Any:  # noqa: ANN401
        matrix = self._weights[f"{name}.weight"]
        kernel = self._rounded(matrix) if self._quantized else self._constant(matrix)
        return self._op.add(self._op.matmul(flow, kernel, False, True), self._tensor(f"{name}.bias"))

    def _rounded(self, matrix: npt.NDArray[np.float32]) -> Any:  # noqa: ANN401
        # one scale per output row; OpenVINO quantizes the activations itself where that is faster
        scale = np.abs(matrix).max(axis=1, keepdims=True) / LARGEST_INT8
        scale[scale == 0] = 1
        whole = self._op.convert(self._op.constant(np.rint(matrix / scale).astype(np.int8)), "f32")
        return self._op.multiply(whole, self._constant(scale))

    def _normalize(self, flow: Any, name: str) -> Any:  # noqa: ANN401
        op = self._op
        centred = op.mvn(flow, self._whole(-1), True, self._config.epsilon, "inside_sqrt")
        return op.add(op.multiply(centred, self._tensor(f"{name}.weight")), self._tensor(f"{name}.bias"))

    def _tensor(self, name: str) -> Any:  # noqa: ANN401
        return self._constant(self._weights[name])

    def _constant(self, values: npt.ArrayLike) -> Any:  # noqa: ANN401
        # not copied: OpenVINO keeps the array, which may be the memory-mapped file
        return self._op.constant(np.ascontiguousarray(values, np.float32), shared_memory=True)

    def _whole(self, *values: int) -> Any:  # noqa: ANN401
        return self._op.constant(np.array(values, np.int64))

    def _one(self, value: int) -> Any:  # noqa: ANN401
        return self._op.constant(np.int64(value))


TYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}
LARGEST_HEADER = 100 * 2**20
WORDS = "embeddings.word_embeddings.weight"


class Tensors:
    """The tensors of a safetensors file as float32."""

    def __init__(self, path: Path) -> None:
        try:
            self._bytes = np.memmap(path, np.uint8, mode="c")  # copy-on-write: OpenVINO shares writable memory only
            length = int.from_bytes(self._bytes[:8].tobytes(), "little")
            header = json.loads(self._bytes[8:8 + min(length, LARGEST_HEADER)].tobytes())
        except (OSError, ValueError) as error:
            raise NotSupported(f"it has no {path.name} that can be read") from error
        self._start = 8 + length
        names = [name for name in header if name.endswith(WORDS)]
        if len(names) != 1:
            raise NotSupported("its weights are named otherwise")
        prefix = names[0].removesuffix(WORDS)
        self._tensors: dict[str, dict[str, Any]] = {name.removeprefix(prefix): header[name] for name in header}

    def __getitem__(self, name: str) -> npt.NDArray[np.float32]:
        """Return a tensor; float32 ones are views of the file. Raises NotSupported if it is absent or of another type."""
        tensor = self._tensors.get(name)
        if tensor is None or tensor["dtype"] not in TYPES:
            raise NotSupported(f"its weights lack {name}, or hold it in a form that is not known")
        begin, end = tensor["data_offsets"]
        raw = self._bytes[self._start + begin:self._start + end]
        if len(raw) != end - begin:
            raise NotSupported("its weights are cut off")
        if begin % 4 or self._start % 4:  # a view must be aligned to its item size
            raw = raw.copy()
        values = raw.view(TYPES[tensor["dtype"]]).reshape(tensor["shape"])
        if tensor["dtype"] == "BF16":  # the upper half of a float32
            values = (values.astype(np.uint32) << 16).view(np.float32)
        return np.asarray(values, np.float32)


KNOWN_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
COUNT_FROM_PADDING = {"roberta", "xlm-roberta", "camembert"}  # their positions start after the padding id
POOLINGS: dict[str, Literal["mean", "first"]] = {
    "pooling_mode_mean_tokens": "mean", "mean": "mean", "pooling_mode_cls_token": "first", "cls": "first",
}
ENDLESS = 10**9


class NotSupported(Exception):
    """Raised for a model or a machine that is not supported here; the message is the reason."""


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The architecture, pooling and limits of an encoder. `first_position` is the position id of a text's first token."""

    hidden: int
    layers: int
    heads: int
    epsilon: float
    first_position: int
    max_tokens: int
    pooling: Literal["mean", "first"]


def read_config(folder: Path) -> EncoderConfig:
    """Return the config of a model folder. Raises NotSupported if it requires anything that is not implemented here."""
    config = read_json(folder / "config.json")
    kind = config.get("model_type")
    require(kind == "bert" or kind in COUNT_FROM_PADDING, f"its architecture is {kind}")
    require(config.get("hidden_act", "gelu") == "gelu", "its activation is not gelu")
    require(config.get("position_embedding_type", "absolute") == "absolute", "its positions are not absolute")
    require(not config.get("is_decoder", False), "it is a decoder")
    try:
        first = int(config["pad_token_id"]) + 1 if kind in COUNT_FROM_PADDING else 0
        return EncoderConfig(
            hidden=int(config["hidden_size"]), layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]), epsilon=float(config["layer_norm_eps"]), first_position=first,
            max_tokens=read_limit(folder, int(config["max_position_embeddings"]) - first), pooling=read_pooling(folder),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotSupported(f"its settings are not whole: {error}") from error


def read_limit(folder: Path, positions: int) -> int:
    """Return the maximum number of tokens of a text, special tokens included."""
    settings = read_json(folder / "sentence_bert_config.json")
    require(not settings.get("do_lower_case"), "it wants its texts in lower case")
    limit = settings.get("max_seq_length") or read_json(folder / "tokenizer_config.json").get("model_max_length") or ENDLESS
    return min(int(limit), positions)


def read_pooling(folder: Path) -> Literal["mean", "first"]:
    """Return the pooling of token vectors. Raises NotSupported for any other pooling or further modules."""
    modules = json.loads((folder / "modules.json").read_text("utf-8")) if (folder / "modules.json").is_file() else []
    kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
    require(kinds in KNOWN_MODULES, f"its modules are {', '.join(kinds) or 'not listed'}")
    settings = read_json(folder / modules[1]["path"] / "config.json")
    on = [key for key, value in settings.items() if key.startswith("pooling_mode_") and value]
    on = on or [str(settings.get("pooling_mode"))]
    require(len(on) == 1 and on[0] in POOLINGS, f"its pooling is {', '.join(on)}")
    return POOLINGS[on[0]]


def read_json(path: Path) -> dict[str, Any]:
    """Return the settings of a JSON file, {} if it is absent. Raises NotSupported if it cannot be read."""
    try:
        settings = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise NotSupported(f"{path.name} cannot be read") from error
    require(isinstance(settings, dict), f"{path.name} holds no settings")
    return dict(settings)


def require(condition: bool, otherwise: str) -> None:
    """Raise NotSupported with the reason unless the condition holds."""
    if not condition:
        raise NotSupported(otherwise)

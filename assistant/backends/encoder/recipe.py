"""A sentence-transformers folder in, the Recipe of its vectors out: sizes, pooling, length limit. Raises NotKnown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

KNOWN_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
COUNT_FROM_PADDING = {"roberta", "xlm-roberta", "camembert"}  # their positions begin behind the padding's id
POOLINGS: dict[str, Literal["mean", "first"]] = {
    "pooling_mode_mean_tokens": "mean", "mean": "mean", "pooling_mode_cls_token": "first", "cls": "first",
}
ENDLESS = 10**9


class NotKnown(Exception):
    """The room cannot serve such a model, or such a machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a folder's weights become vectors. `first_position` is the position id of a text's first token."""

    hidden: int
    layers: int
    heads: int
    epsilon: float
    first_position: int
    max_tokens: int
    pooling: Literal["mean", "first"]


def read_recipe(folder: Path) -> Recipe:
    """Return the recipe. Raises NotKnown where a file asks for anything that is not implemented here."""
    config = read_json(folder / "config.json")
    kind = config.get("model_type")
    require(kind == "bert" or kind in COUNT_FROM_PADDING, f"its architecture is {kind}")
    require(config.get("hidden_act", "gelu") == "gelu", "its activation is not gelu")
    require(config.get("position_embedding_type", "absolute") == "absolute", "its positions are not absolute")
    require(not config.get("is_decoder", False), "it is a decoder")
    try:
        first = int(config["pad_token_id"]) + 1 if kind in COUNT_FROM_PADDING else 0
        return Recipe(
            hidden=int(config["hidden_size"]), layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]), epsilon=float(config["layer_norm_eps"]), first_position=first,
            max_tokens=read_limit(folder, int(config["max_position_embeddings"]) - first), pooling=read_pooling(folder),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotKnown(f"its settings are not whole: {error}") from error


def read_limit(folder: Path, positions: int) -> int:
    """Return how many tokens of a text count, special ones included."""
    settings = read_json(folder / "sentence_bert_config.json")
    require(not settings.get("do_lower_case"), "it wants its texts in lower case")
    limit = settings.get("max_seq_length") or read_json(folder / "tokenizer_config.json").get("model_max_length") or ENDLESS
    return min(int(limit), positions)


def read_pooling(folder: Path) -> Literal["mean", "first"]:
    """Return how the tokens' vectors become the text's. Raises NotKnown for any other way, or further modules."""
    modules = json.loads((folder / "modules.json").read_text("utf-8")) if (folder / "modules.json").is_file() else []
    kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
    require(kinds in KNOWN_MODULES, f"its modules are {', '.join(kinds) or 'not listed'}")
    settings = read_json(folder / modules[1]["path"] / "config.json")
    on = [key for key, value in settings.items() if key.startswith("pooling_mode_") and value]
    on = on or [str(settings.get("pooling_mode"))]
    require(len(on) == 1 and on[0] in POOLINGS, f"its pooling is {', '.join(on)}")
    return POOLINGS[on[0]]


def read_json(path: Path) -> dict[str, Any]:
    """Return the settings of a file; none where there is no such file. Raises NotKnown where it cannot be read."""
    try:
        settings = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise NotKnown(f"{path.name} cannot be read") from error
    require(isinstance(settings, dict), f"{path.name} holds no settings")
    return dict(settings)


def require(condition: bool, otherwise: str) -> None:
    """Raise NotKnown with the reason where the condition does not hold."""
    if not condition:
        raise NotKnown(otherwise)

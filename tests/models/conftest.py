"""A model of no weight to speak of: random numbers in the shape of a real one, with every file that a real one has."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

HIDDEN, LAYERS, WIDE, POSITIONS = 32, 2, 64, 40
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*SPECIAL, *"the lease ends in may milk and a notice of three months 押 金 违 约 退 还 ? . ,".split(), "##s", "##ed"]


def tensors(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the tensors of a small BERT under the names of its checkpoints."""
    def matrix(*shape: int) -> np.ndarray:
        return random.normal(0, 0.3, shape).astype(np.float32)

    found = {"embeddings.word_embeddings.weight": matrix(len(WORDS), HIDDEN),
             "embeddings.position_embeddings.weight": matrix(POSITIONS, HIDDEN),
             "embeddings.token_type_embeddings.weight": matrix(2, HIDDEN)}
    norms = ["embeddings.LayerNorm"]
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}."
        shapes = {"attention.self.query": (HIDDEN, HIDDEN), "attention.self.key": (HIDDEN, HIDDEN),
                  "attention.self.value": (HIDDEN, HIDDEN), "attention.output.dense": (HIDDEN, HIDDEN),
                  "intermediate.dense": (WIDE, HIDDEN), "output.dense": (HIDDEN, WIDE)}
        for name, shape in shapes.items():
            found |= {f"{layer}{name}.weight": matrix(*shape), f"{layer}{name}.bias": matrix(shape[0])}
        norms += [f"{layer}attention.output.LayerNorm", f"{layer}output.LayerNorm"]
    for name in norms:
        found |= {f"{name}.weight": 1 + matrix(HIDDEN), f"{name}.bias": matrix(HIDDEN)}
    return found


def safetensors(tensors: dict[str, np.ndarray]) -> bytes:
    """Return a file of the format: the header's length, the header, the bytes."""
    header, body = {}, b""
    for name, values in tensors.items():
        raw = np.ascontiguousarray(values, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + body


@pytest.fixture
def small_model(tmp_path: Path) -> Callable[..., Path]:
    """Return a function from settings that differ to the folder of a small model."""

    def build(pooling: str = "mean_tokens", **differing: object) -> Path:
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

        folder = tmp_path / "small"
        (folder / "1_Pooling").mkdir(parents=True)
        config = {"architectures": ["BertModel"], "model_type": "bert", "hidden_size": HIDDEN, "num_hidden_layers": LAYERS,
                  "num_attention_heads": 2, "intermediate_size": WIDE, "vocab_size": len(WORDS), "hidden_act": "gelu",
                  "max_position_embeddings": POSITIONS, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0}
        modules = [{"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
                   for number, (path, kind) in enumerate([("", "Transformer"), ("1_Pooling", "Pooling")])]
        pooled = {"word_embedding_dimension": HIDDEN, **{f"pooling_mode_{way}": way == pooling
                                                         for way in ("cls_token", "mean_tokens", "max_tokens")}}
        tokenizer = Tokenizer(models.WordPiece({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        tokenizer.add_special_tokens(SPECIAL)
        tokenizer.save(str(folder / "tokenizer.json"))
        files = {"config.json": config | differing, "modules.json": modules, "1_Pooling/config.json": pooled,
                 "sentence_bert_config.json": {"max_seq_length": 24, "do_lower_case": False},
                 "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 32,
                                           "unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]",
                                           "sep_token": "[SEP]", "mask_token": "[MASK]"}}
        for name, content in files.items():
            (folder / name).write_text(json.dumps(content), "utf-8")
        (folder / "model.safetensors").write_bytes(safetensors(tensors(np.random.default_rng(7))))
        return folder

    return build

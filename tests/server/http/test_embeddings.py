"""Vectors over HTTP."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from assistant.models.fake import FakeEmbedder
from tests.server.web import Web


def test_vectors_are_those_of_the_library_in_both_encodings(web: Web):
    wanted = FakeEmbedder().embed_passages(["one two", "three"])
    asked = {"model": "default", "input": ["one two", "three"]}
    done = web.post("/v1/embeddings", asked).json()
    assert np.allclose([each["embedding"] for each in done["data"]], wanted)
    assert done["model"] == "fake:"
    assert done["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    coded = web.post("/v1/embeddings", {**asked, "encoding_format": "base64", "input_type": "query"}).json()["data"]
    assert np.allclose([np.frombuffer(base64.b64decode(each["embedding"]), "<f4") for each in coded], wanted)


@pytest.mark.parametrize("fields", [
    {}, {"input": "x"}, {"model": "default", "input": ""}, {"model": "default", "input": []},
    {"model": "default", "input": [1, 2]},
    {"model": "default", "input": "x", "encoding_format": "hex"}, {"model": "default", "input": "x", "input_type": "title"},
    {"model": "default", "input": ["x"] * 257}, {"model": "default", "input": ["x" * 500_000]},
])  # fmt: skip
def test_what_cannot_be_embedded_is_refused(web: Web, fields: object):
    assert web.post("/v1/embeddings", fields).status_code == 400

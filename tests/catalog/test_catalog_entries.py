"""The shipped catalog holds together, and names are found."""

import re
from pathlib import PurePosixPath

import pytest

from assistant.catalog import HubSource, WheelSource, find, load_catalog
from assistant.catalog.entries import read_model
from assistant.errors import UsageError

CATALOG = load_catalog()


def test_names_are_unique_and_lower_case():
    names = [model.name for model in CATALOG]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name) for name in names)


@pytest.mark.parametrize("model", CATALOG, ids=lambda model: model.name)
def test_entry_is_whole(model):
    assert model.kind in {"chat", "embedding", "reranker"}
    assert model.summary and model.licence and model.languages and model.sources
    assert model.memory > model.size
    paths = [file.path for file in model.files]
    assert len(set(paths)) == len(paths)
    for file in model.files:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256), file.path
        assert file.size > 0
        assert not PurePosixPath(file.path).is_absolute() and ".." not in PurePosixPath(file.path).parts


@pytest.mark.parametrize("model", CATALOG, ids=lambda model: model.name)
def test_entry_suits_its_kind(model):
    if model.kind == "chat":
        assert len(model.files) == 1 and model.files[0].path.endswith(".gguf") and model.context_tokens >= 4096
        return
    paths = {file.path for file in model.files}
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= paths and model.max_tokens > 0
    if model.kind == "embedding":
        assert {"modules.json", "1_Pooling/config.json"} <= paths and model.dimension > 0


@pytest.mark.parametrize("model", CATALOG, ids=lambda model: model.name)
def test_sources_can_be_read(model):
    for source in model.sources:
        if isinstance(source, HubSource):
            assert re.fullmatch(r"[\w.-]+/[\w.-]+", source.repo) and source.revision
        else:
            assert isinstance(source, WheelSource) and source.parts
            assert source.is_folder or len(model.files) == 1
            assert len({part.package for part in source.parts}) == len(source.parts)


def test_one_starter_of_each_kind_and_it_has_a_source_besides_the_hub():
    for kind in ("chat", "embedding"):
        starters = [model for model in CATALOG if model.kind == kind and model.starter]
        assert len(starters) == 1
        assert any(isinstance(source, WheelSource) for source in starters[0].sources)


def test_same_bytes_have_the_same_hash_everywhere():
    sizes = {}
    for model in CATALOG:
        for file in model.files:
            assert sizes.setdefault(file.sha256, file.size) == file.size


def test_find():
    assert find("all-minilm-l6-v2").kind == "embedding"


def test_find_names_what_comes_close():
    with pytest.raises(UsageError) as failure:
        find("Qwen2.5-7b")
    assert "qwen2.5-7b-instruct" in failure.value.hint


def test_find_points_at_the_list_where_nothing_comes_close():
    with pytest.raises(UsageError) as failure:
        find("zzzz")
    assert "assistant models list" in failure.value.hint


@pytest.mark.parametrize("path", ["../escape", "/etc/passwd", "a/../../b"])
def test_a_file_outside_the_folder_is_refused(path):
    with pytest.raises(ValueError, match="outside"):
        read_model({"name": "x", "files": [{"path": path, "size": 1, "sha256": "0" * 64}], "sources": [], "languages": []})

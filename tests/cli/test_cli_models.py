"""setup, models and doctor, with a catalog of one's own or without any network."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path

import pytest

from assistant import catalog
from assistant.catalog import Model, ModelFile, ModelStore
from assistant.errors import FetchFailed

GIGABYTE = 10**9


def model(name: str, kind: str, *, starter: bool = False) -> Model:
    file = ModelFile("model.gguf", 8, hashlib.sha256(b"GGUFGGUF").hexdigest())
    return Model(name, kind, "A model.", "MIT", ("en",), GIGABYTE, (file,), (), starter=starter, recommended=not starter)


LARGE, SMALL = model("large", "chat"), model("small", "chat", starter=True)
FINE, PLAIN = model("fine", "embedding"), model("plain", "embedding", starter=True)


@pytest.fixture
def fetched(no_models, monkeypatch) -> list[str]:
    """Replace the catalog, and fetch from nowhere; return the names that were fetched."""
    names: list[str] = []

    def pull(wanted: Model, store: ModelStore, *, hub: str, on_progress) -> Path:
        names.append(wanted.name)
        place = store.place(wanted, wanted.files[0])
        place.parent.mkdir(parents=True)
        place.write_bytes(b"GGUFGGUF")
        store.stamp(wanted)
        return store.path(wanted)

    models = (SMALL, LARGE, PLAIN, FINE)
    for module in ("assistant.catalog", "assistant.cli.commands.models"):
        monkeypatch.setattr(f"{module}.load_catalog", lambda: models)
        monkeypatch.setattr(f"{module}.find", lambda name: next(known for known in models if known.name == name))
    monkeypatch.setattr(catalog, "recommend", lambda machine, models: (LARGE, FINE))
    monkeypatch.setattr(catalog, "pull", pull)
    return names


def choice(home: Path) -> dict[str, object]:
    return tomllib.loads((home / "config.toml").read_text("utf-8"))


def test_setup_shows_the_machine_and_fetches_what_suits_it(run, fetched, own_home):
    result = run("setup", "--yes")
    assert result.exit_code == 0
    for words in ("cores", "memory", "disk", "GPU", "large", "licence MIT", "Ready"):
        assert words in result.stdout
    assert fetched == ["large", "fine"]
    assert choice(own_home) == {"chat": "large", "embed": "fine"}


def test_setup_fetches_nothing_twice(run, fetched):
    run("setup", "--yes")
    result = run("setup")  # nothing to fetch: nothing to ask
    assert result.exit_code == 0
    assert "already on this disk" in result.stdout
    assert fetched == ["large", "fine"]


def test_setup_with_the_starter_pair(run, fetched, own_home):
    run("setup", "--yes", "--starter")
    assert fetched == ["small", "plain"]


def test_setup_asks_nobody_without_a_terminal(run, fetched, own_home):
    result = run("setup")
    assert result.exit_code == 2
    assert "assistant setup --yes" in result.stderr
    assert fetched == []
    assert not (own_home / "config.toml").exists()


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("y\n", 0)])
def test_setup_asks_in_a_terminal(run, fetched, monkeypatch, answer, code):
    monkeypatch.setattr("assistant.cli.commands.models.is_terminal", lambda: True)
    result = run("setup", stdin=answer)
    assert result.exit_code == code
    assert bool(fetched) is (code == 0)


def test_setup_goes_on_with_the_starter_where_a_proposal_cannot_be_had(run, fetched, own_home, monkeypatch):
    pull = catalog.pull

    def refuse(wanted: Model, store: ModelStore, *, hub: str, on_progress) -> Path:
        if wanted is LARGE:
            raise FetchFailed("large could not be fetched.", "Check the network.")
        return pull(wanted, store, hub=hub, on_progress=on_progress)

    monkeypatch.setattr(catalog, "pull", refuse)
    result = run("setup", "--yes")
    assert result.exit_code == 0
    assert "large could not be fetched. Using small instead." in result.stderr
    assert choice(own_home) == {"chat": "small", "embed": "fine"}
    named = run("setup", "--yes", "--chat", "large")
    assert named.exit_code == 1
    assert "Check the network." in named.stderr


def test_setup_takes_files_of_ones_own(run, fetched, own_home, tmp_path):
    chat, embed = tmp_path / "own.gguf", tmp_path / "embedder"
    chat.write_bytes(b"GGUF and more")
    embed.mkdir()
    (embed / "config.json").write_text("{}", "utf-8")
    assert run("setup", "--chat", chat, "--embed", embed).exit_code == 0
    assert choice(own_home) == {"chat": str(chat), "embed": str(embed)}
    assert fetched == []


def test_setup_refuses_what_is_no_model(run, fetched, own_home, tmp_path):
    text = tmp_path / "text.gguf"
    text.write_text("hello", "utf-8")
    for arguments, code in ((("--chat", text), 1), (("--chat", tmp_path / "none.gguf"), 2), (("--embed", tmp_path), 1),
                            (("--embed", tmp_path / "none"), 2), (("--chat", "fine"), 2)):
        assert run("setup", "--yes", *arguments).exit_code == code
    assert not own_home.exists()


def test_models_list(run, fetched):
    run("setup", "--yes")
    lines = run("models", "list").stdout.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["small", "chat", "8"], ["in", "use", "large"], ["plain", "embedding", "8"], ["in", "use", "fine"]]


def test_models_list_as_json(run, fetched, own_home):
    run("models", "pull", "small")
    models = json.loads(run("models", "list", "--json").stdout)["models"]
    assert models[0] == {
        "name": "small", "kind": "chat", "present": True, "chosen": False, "starter": True, "recommended": False, "size": 8,
        "memory": GIGABYTE, "licence": "MIT", "languages": ["en"], "summary": "A model.",
        "path": str(own_home / "models" / "small" / "model.gguf"),
    }
    assert "path" not in models[1]


def test_models_verify_and_remove(run, fetched, own_home):
    assert "No model" in run("models", "verify").stderr
    run("models", "pull", "small", "plain")
    assert run("models", "verify").stdout == "small: intact, 8 bytes\nplain: intact, 8 bytes\n"
    (own_home / "models" / "small" / "model.gguf").write_bytes(b"GGUFgguf")
    damaged = run("models", "verify")
    assert damaged.exit_code == 1
    assert "assistant models pull small" in damaged.stderr
    assert damaged.stdout == "plain: intact, 8 bytes\n"
    assert run("models", "remove", "plain").stdout.startswith("plain: ")
    assert run("models", "remove", "plain").stdout == "plain was not on this disk.\n"
    assert run("models", "verify", "plain").exit_code == 5


def test_models_pull_of_an_unknown_one(run):
    assert run("models", "pull", "bogus-model").exit_code == 2


def test_doctor(run, library):
    result = run("doctor")
    assert result.exit_code == 0
    for words in ("ok       SQLite", "ok       library default: 2 files", "warning  chat model: fake:"):
        assert words in result.stdout


@pytest.mark.usefixtures("no_models")
def test_doctor_as_json(run):
    result = run("doctor", "--json")
    assert result.exit_code == 1
    findings = {finding["subject"]: finding for finding in json.loads(result.stdout)["findings"]}
    assert findings["chat model"] == {"subject": "chat model", "severity": "error",
                                      "detail": "No chat model is chosen yet.", "remedy": "Run: assistant setup"}
    assert findings["library default"]["severity"] == "warning"

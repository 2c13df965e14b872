"""Settings: plain values, frozen. Defaults give way to config.toml, that to the environment, that to flags."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Protocol

import platformdirs

from assistant.errors import UsageError
from assistant.system.paths import absolute, read_file

GIB = 2**30
LONGEST_TEXT = 4096  # characters of a path or an address
LONGEST_NAME = 100  # bytes of a library's name: a folder on every file system, with room for a suffix
LONGEST_SHOWN = 60  # characters of a wrong value that an error repeats
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))})
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:<>"|?*\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE | re.ASCII)


class Allowed(Protocol):
    """What a setting may be. `words` completes the sentence "It can be ..."."""

    @property
    def words(self) -> str:
        """Say what is allowed."""
        ...

    def allows(self, value: object) -> bool:
        """Return whether a value of the setting's type is allowed."""
        ...


@dataclass(frozen=True, slots=True)
class IntRange:
    """Whole numbers from `low` to `high`, both included."""

    low: int
    high: int

    @property
    def words(self) -> str:
        """Say what is allowed."""
        return f"{self.low} to {self.high}"

    def allows(self, value: object) -> bool:
        """Return whether it is such a number."""
        return isinstance(value, int) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    options: tuple[str, ...]

    @property
    def words(self) -> str:
        """Say what is allowed."""
        return f"{', '.join(self.options[:-1])} or {self.options[-1]}"

    def allows(self, value: object) -> bool:
        """Return whether it is one of them, in small letters."""
        return value in self.options


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    words: str = "true or false"

    def allows(self, value: object) -> bool:
        """Return whether it is one of the two."""
        return isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class NameOrPath:
    """The name of a model, or a path; nothing for none."""

    words: str = "a name or a path"

    def allows(self, value: object) -> bool:
        """Return whether a path can hold it."""
        return isinstance(value, str) and len(value) <= LONGEST_TEXT and "\0" not in value


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """Where something is fetched from."""

    words: str = "an http:// or https:// address"

    def allows(self, value: object) -> bool:
        """Return whether it is such an address."""
        return isinstance(value, str) and len(value) <= LONGEST_TEXT and ADDRESS.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class LibraryNames:
    """One name of a library, or several with commas between them."""

    words: str = "a name, or several with commas between them"

    def allows(self, value: object) -> bool:
        """Return whether each is a name of a library."""
        return isinstance(value, str) and all(is_library_name(name.strip()) for name in value.split(","))


def is_library_name(name: str) -> bool:
    """Return whether a folder can have this name on every system, and it cannot be mistaken for a path or a hidden file."""
    return bool(name) and len(name.encode("utf-8", "replace")) <= LONGEST_NAME and not name.startswith(".") \
        and not name.endswith(".") and not FORBIDDEN.search(name) and name.partition(".")[0].rstrip().lower() not in RESERVED


ALLOWED: dict[str, Allowed] = {
    "library": LibraryNames(),
    "chat": NameOrPath(),
    "embed": NameOrPath(),
    "rerank": NameOrPath(),
    "hub": HttpAddress(),
    "max_file_bytes": IntRange(1, 1024 * GIB),
    "reader_processes": IntRange(0, 256),
    "file_timeout": IntRange(1, 86_400),
    "file_memory_bytes": IntRange(GIB // 4, 1024 * GIB),
    "chunk_tokens": IntRange(1, 8192),
    "top_k": IntRange(1, 1000),
    "context_chunks": IntRange(1, 100),
    "context_chunk_tokens": IntRange(1, 1_000_000),
    "rerank_budget_ms": IntRange(1, 600_000),
    "context_tokens": IntRange(513, 1_048_576),
    "answer_tokens": IntRange(1, 100_000),
    "rewrite_timeout": IntRange(0, 600),
    "refusal_threshold": IntRange(0, 100),
    "save_sessions": Boolean(),
    "use_facts": Boolean(),
    "threads": IntRange(0, 512),
    "gpu_layers": IntRange(-1, 1000),
    "reuse": OneOf(("auto", "joined", "exact")),
    "kv_cache_bytes": IntRange(0, 1024 * GIB),
    "engine": OneOf(("auto", "on", "off")),
    "engine_idle_minutes": IntRange(1, 525_600),
}
"""By the name of the setting; the guide's table has the same words."""


def abbreviated(value: object) -> str:
    """Return a wrong value for an error: short, and whatever it is."""
    try:
        text = repr(value) if isinstance(value, str) else str(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits; a deep list
        return "something very long"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


APPLICATION = "private-assistant"
PREFIX = "ASSISTANT_"
REFUSAL_THRESHOLD = 50
SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
LARGEST_CONFIG = 2**20  # bytes

LIBRARY_SETTINGS = (
    "chat", "embed", "max_file_bytes", "file_timeout", "file_memory_bytes", "chunk_tokens", "top_k", "context_chunks",
    "context_chunk_tokens", "context_tokens", "answer_tokens", "rewrite_timeout", "refusal_threshold",
)  # fmt: skip
"""What a library can have a setting of its own for."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Sizes are in bytes or tokens as named."""

    home: Path
    library: str = "default"
    # models: a name of the catalog, a path to a file or folder of one's own, or "fake:"
    chat: str = ""
    embed: str = ""
    rerank: str = ""  # none
    hub: str = "https://huggingface.co"
    # files in
    max_file_bytes: int = 100 * 2**20
    # the processes that read files (0: one to a core, at most 8); what a file may take: seconds without progress, memory
    reader_processes: int = 0
    file_timeout: int = 120
    file_memory_bytes: int = 2 * 2**30
    chunk_tokens: int = 200
    # passages
    top_k: int = 10
    context_chunks: int = 5
    context_chunk_tokens: int = 1200
    rerank_budget_ms: int = 300  # what a reranker may take of each question
    # answers
    context_tokens: int = 4096
    answer_tokens: int = 320
    # how long a chat model may take to make a follow-up question stand alone, where rules are not sure; 0: by rule only
    rewrite_timeout: int = 6
    refusal_threshold: int = REFUSAL_THRESHOLD  # percent: refuse where the files do not answer with more than this probability
    # conversations: kept on this disk, and facts that the person asked to keep looked at for an answer
    save_sessions: bool = True
    use_facts: bool = True
    # the machine; 0 threads: as many as were measured to be fastest, before that as physical cores; -1 layers: as many as fit
    threads: int = 0
    gpu_layers: int = -1
    # what was computed of a passage: "joined" uses it wherever the passage stands, which is fast and not quite the same; "exact"
    # only where the whole prompt begins alike; "auto" joins with models that were measured to lose nothing by it
    reuse: str = "auto"
    kv_cache_bytes: int = 2 * 2**30
    # the background process that keeps the models loaded: "auto" starts it where models have weights, "on" always, "off" never
    engine: str = "auto"
    engine_idle_minutes: int = 15

    @property
    def libraries(self) -> tuple[str, ...]:
        """The names in `library`: several, divided by commas, can be asked a question together."""
        return tuple(dict.fromkeys(name.strip() for name in self.library.split(",")))

    @property
    def config_file(self) -> Path:
        """Where the person's own settings stand."""
        return self.home / "config.toml"

    @property
    def own_file(self) -> Path:
        """Where the library's own settings stand, where it has any."""
        return self.libraries_folder / self.library / "settings.toml"

    @property
    def models_folder(self) -> Path:
        """Where fetched models lie."""
        return self.home / "models"

    @property
    def sessions_folder(self) -> Path:
        """Where conversations are kept, a file each."""
        return self.home / "sessions"

    @property
    def history_file(self) -> Path:
        """Where the lines stand that were typed into a conversation."""
        return self.home / "history"

    @property
    def memory_file(self) -> Path:
        """Where the facts stand that the person asked to keep."""
        return self.home / "memory.sqlite"

    @property
    def libraries_folder(self) -> Path:
        """Where the libraries lie, a folder each."""
        return self.home / "libraries"


def find_home(environment: Mapping[str, str]) -> Path:
    """Return the folder of all state: ASSISTANT_HOME, or the platform's user data folder."""
    named = environment.get(PREFIX + "HOME", "")
    return absolute(Path(named)) if named else Path(platformdirs.user_data_dir(APPLICATION, appauthor=False))


def load_settings(flags: Mapping[str, str | int] | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in force. Raises UsageError for a value that is not allowed or a config file that cannot be read."""
    settings = Settings(home=find_home(environment))
    settings = overlay(settings, read_config(settings.config_file), str(settings.config_file))
    if hub := environment.get("HF_ENDPOINT"):
        settings = overlay(settings, {"hub": hub.rstrip("/")}, "HF_ENDPOINT")

    def completed(settings: Settings) -> Settings:
        return validated(overlay(with_environment(settings, environment), dict(flags or {}), "The command"))

    named = completed(settings)
    own = read_config(named.own_file) if len(named.libraries) == 1 and named.own_file.is_file() else {}
    return completed(overlay(settings, own, str(named.own_file))) if own else named


def with_environment(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """Return settings with those of the environment laid over them; an empty variable counts as none."""
    known = {field.name for field in fields(Settings)} - {"home"}
    for name in sorted(known):
        if value := environment.get(PREFIX + name.upper()):
            settings = overlay(settings, {name: value}, f"{PREFIX}{name.upper()} in the environment")
    return settings


def read_config(path: Path) -> dict[str, object]:
    """Return the values in config.toml; none where there is no such file. Raises UsageError where it cannot be read."""
    try:
        return tomllib.loads(read_file(path, LARGEST_CONFIG).decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError) as error:
        for place in (path.parent, *path.parent.parents):
            if os.path.exists(place) and not os.path.isdir(place):  # noqa: PTH110, PTH112 - these raise nothing
                raise UsageError(f"{path.parent} cannot be the home: {place} is a file.",
                                 "Set ASSISTANT_HOME to a folder.") from error
        return {}
    except (ValueError, RecursionError, OSError) as error:
        raise UsageError(f"{path} cannot be read: {reason(error)}.",
                         "Mend it, or remove it to return to the defaults.") from error


def reason(error: Exception) -> str:
    """Return why a settings file cannot be read, in words."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(getattr(error, "strerror", None) or error).rstrip(".")


def overlay(settings: Settings, values: Mapping[str, object], origin: str) -> Settings:
    """Return settings with `values` laid over them, each converted to its field's type.

    Raises UsageError, which names the origin, for what is no setting and for a value that is not allowed.
    """
    types = {field.name: type(getattr(settings, field.name)) for field in fields(Settings) if field.name != "home"}
    converted: dict[str, str | int] = {}
    for name, value in values.items():
        if name not in types:
            raise UsageError(f"{origin} sets {abbreviated(name)}, which is no setting.", f"Settings: {', '.join(sorted(types))}.")
        converted[name] = convert(name, value, types[name], origin)
    return replace(settings, **converted)  # type: ignore[arg-type]


def convert(name: str, value: object, wanted: type, origin: str) -> str | int:
    """Return the value as the type of its setting. Raises UsageError where that cannot be or the value is not allowed."""
    found: object = value
    if wanted is bool:
        found = SWITCH.get(str(value).lower()) if isinstance(value, bool | int | str) else None
    elif wanted is int:
        found = as_number(value)
    if not isinstance(found, wanted) or not ALLOWED[name].allows(found):
        raise invalid_value(name, value, ALLOWED[name].words, origin)
    return found if isinstance(found, int) else str(found)


def as_number(value: object) -> int | None:
    """Return the whole number that a value is or says; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def invalid_value(name: str, value: object, allowed: str, origin: str) -> UsageError:
    """Return the error that says what is wrong, where it was set, and what is allowed."""
    if name == "library":
        return UsageError(f"{abbreviated(value)} cannot be the name of a library ({origin} sets it).",
                          "Use letters, digits, '-' and '_', at most 100 of them.")
    return UsageError(f"{origin} sets {name} to {abbreviated(value)}; it can be {allowed}.",
                      "All settings and what they can be: docs/guide.md, Settings.")


def validated(settings: Settings) -> Settings:
    """Return the settings where they make sense together. Raises UsageError where they do not."""
    for name in settings.libraries:
        if not is_library_name(name):
            raise UsageError(f"{abbreviated(name)} cannot be the name of a library.",
                             "Use letters, digits, '-' and '_', at most 100 of them.")
    if settings.context_tokens < settings.answer_tokens + 512:
        raise UsageError(f"context_tokens is {settings.context_tokens} and answer_tokens {settings.answer_tokens}; "
                         "context_tokens must be at least 512 more than answer_tokens.", "Set the one higher or the other lower.")
    return settings


def save_choice(path: Path, values: Mapping[str, str]) -> None:
    """Write settings into config.toml; lines that the person wrote for others stay as they are."""
    lines = read_file(path, LARGEST_CONFIG).decode("utf-8-sig").split("\n") if path.exists() else []
    first_table = next((number for number, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    kept = [line for line in lines[:first_table] if toml_key(line) not in values] + lines[first_table:]
    text = "\n".join([*(f"{name} = {toml_string(value)}" for name, value in values.items()), *kept]).rstrip("\n") + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".partial")
    aside.write_bytes(utf8_or_error(text))
    aside.replace(path)


def toml_key(line: str) -> str:
    """Return the key that a line of TOML sets; of any other line, something that is no key."""
    return line.split("=")[0].strip().strip("\"'")


def toml_string(value: str) -> str:
    """Return the text as a TOML string: JSON's, but for one character that TOML wants escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def utf8_or_error(text: str) -> bytes:
    """Return the text as UTF-8. Raises UsageError where a name from the disk is not made of characters."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError("A path with bytes that are no UTF-8 cannot be kept in config.toml.",
                         "Rename the file or folder.") from error

"""Settings. Later sources override earlier ones: defaults, config.toml, a library's settings.toml, environment, flags."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from assistant.errors import UsageError
from assistant.system.atomic_files import write_atomically
from assistant.system.paths import LIBRARY_LINK, absolute, is_address, read_file

GIB = 2**30
LONGEST_TEXT = 4096  # characters of a path or an address
LONGEST_NAME = 100  # bytes of a library's name: a valid folder name on every file system, with room for a suffix
LONGEST_SHOWN = 60  # characters of an invalid value that an error repeats
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))})
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:<>"|?*\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The valid values of a setting: `words` completes "it can be ...", `allows` judges a value of the setting's type."""

    words: str
    allows: Callable[[Any], bool]


def int_range(low: int, high: int) -> Allowed:
    """Return integers from `low` to `high`, both included."""
    return Allowed(f"{low} to {high}", lambda value: low <= value <= high)


def is_short_text(text: str) -> bool:
    """Return whether a text can be a path or an address."""
    return len(text) <= LONGEST_TEXT and "\0" not in text


def is_library_name(name: str) -> bool:
    """Return whether the name is a valid folder name on every system, and neither a path nor a hidden file."""
    return bool(name) and len(name.encode("utf-8", "replace")) <= LONGEST_NAME and not name.startswith(".") \
        and not name.endswith(".") and not FORBIDDEN.search(name) and name.partition(".")[0].rstrip().lower() not in RESERVED


def split_names(names: str) -> list[str]:
    """Return the names in a list separated by commas."""
    return [name.strip() for name in names.split(",")]


GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
GROUP_WORDS = "names of letters, digits, '_', '.' and '-', separated by commas"
MOST_GROUPS = 100


def is_group_list(text: str) -> bool:
    """Return whether a text is empty, or names groups separated by commas."""
    names = split_names(text)
    return not text.strip() or (len(names) <= MOST_GROUPS and all(GROUP.fullmatch(name) for name in names))


def parse_groups(text: str) -> frozenset[str]:
    """Return the groups in a list separated by commas. Raises UsageError for an invalid name."""
    if not is_group_list(text):
        raise UsageError(f"{abbreviated(text)} does not name groups.", f"Write {GROUP_WORDS}: lawyers,partners")
    return frozenset(name for name in split_names(text) if name)


NAME_OR_PATH = Allowed("a name or a path", is_short_text)
SHORT_TEXT = Allowed("a text", is_short_text)
BOOLEAN = Allowed("true or false", lambda value: isinstance(value, bool))
ALLOWED: dict[str, Allowed] = {
    "groups": Allowed(GROUP_WORDS, is_group_list),
    "library": Allowed("a name, or several separated by commas", lambda names: all(map(is_library_name, split_names(names)))),
    "chat": Allowed("a name, a path, or an http:// or https:// address", is_short_text),
    "chat_model": SHORT_TEXT,
    "local_chat": NAME_OR_PATH,
    "embed": NAME_OR_PATH,
    "rerank": NAME_OR_PATH,
    "hub": Allowed("an http:// or https:// address", lambda text: is_short_text(text) and ADDRESS.fullmatch(text) is not None),
    "max_file_bytes": int_range(1, 1024 * GIB),
    "reader_processes": int_range(0, 256),
    "file_timeout": int_range(1, 86_400),
    "file_memory_bytes": int_range(GIB // 4, 1024 * GIB),
    "chunk_tokens": int_range(1, 8192),
    "top_k": int_range(1, 1000),
    "context_chunks": int_range(1, 100),
    "context_chunk_tokens": int_range(1, 1_000_000),
    "best_first": BOOLEAN,
    "rerank_budget_ms": int_range(1, 600_000),
    "context_tokens": int_range(513, 1_048_576),
    "answer_tokens": int_range(1, 100_000),
    "rewrite_timeout": int_range(0, 600),
    "refusal_threshold": int_range(0, 100),
    "save_sessions": BOOLEAN,
    "use_facts": BOOLEAN,
    "threads": int_range(0, 512),
    "gpu_layers": int_range(-1, 1000),
    "kv_cache_bytes": int_range(0, 1024 * GIB),
    "remote": Allowed("off, lan or any", {"off", "lan", "any"}.__contains__),
    "remote_when": Allowed("always or unsure", {"always", "unsure"}.__contains__),
    "remote_fallback": BOOLEAN,
    "remote_redact": BOOLEAN,
    "remote_timeout": int_range(1, 3600),
    "engine": Allowed("auto, on or off", {"auto", "on", "off"}.__contains__),
    "engine_idle_minutes": int_range(1, 525_600),
}
"""Valid values by setting; the table in docs/guide.md uses the same words."""


def abbreviated(value: object) -> str:
    """Return an invalid value for an error message, shortened."""
    try:
        text = repr(value) if isinstance(value, str) else str(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits; a deeply nested list
        return "a very long value"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


APPLICATION = "private-assistant"
PREFIX = "ASSISTANT_"
REFUSAL_THRESHOLD = 50
SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
LARGEST_CONFIG = 2**20  # bytes

LIBRARY_SETTINGS = (
    "chat", "embed", "max_file_bytes", "file_timeout", "file_memory_bytes", "chunk_tokens", "top_k", "context_chunks",
    "context_chunk_tokens", "best_first", "context_tokens", "answer_tokens", "rewrite_timeout", "refusal_threshold",
)  # fmt: skip
"""The settings that a library can override."""

DEFAULT_LIBRARY = "default"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Sizes are in bytes or tokens, as their names say."""

    home: Path
    library: str = DEFAULT_LIBRARY
    # models: a name from the catalog, a path, or "fake:" (test models without weights); chat also the address of a server
    chat: str = ""
    chat_model: str = ""  # the name of the model on that server
    local_chat: str = ""  # the chat model of this machine beside a server, for drafts and as a fallback
    embed: str = ""
    rerank: str = ""  # none
    groups: str = ""  # those that the reader is in, of shared libraries, separated by commas
    hub: str = "https://huggingface.co"
    # ingestion
    max_file_bytes: int = 100 * 2**20
    # reader processes (0: one per core, at most 8); limits per file: seconds without progress, memory
    reader_processes: int = 0
    file_timeout: int = 120
    file_memory_bytes: int = 2 * 2**30
    chunk_tokens: int = 200
    # retrieval
    top_k: int = 10
    context_chunks: int = 5
    context_chunk_tokens: int = 1200
    best_first: bool = True  # read the best passage first, and the others only if it does not answer the question
    rerank_budget_ms: int = 300  # time limit of the reranker per question
    # generation
    context_tokens: int = 4096
    answer_tokens: int = 320
    # seconds for the chat model to rewrite a follow-up question if the rules are not confident; 0: rules only
    rewrite_timeout: int = 6
    refusal_threshold: int = REFUSAL_THRESHOLD  # percent: refuse if the probability of no answer is higher
    # conversations: save them on this disk; use saved facts in answers
    save_sessions: bool = True
    use_facts: bool = True
    # hardware; 0 threads: the measured optimum, or physical cores until it is measured; -1 layers: as many as fit
    threads: int = 0
    gpu_layers: int = -1
    # disk for the prefix cache, which keeps what the chat model computed of the instructions; 0: none
    kv_cache_bytes: int = 2 * 2**30
    # a chat model on another machine: "off" connects nowhere, "lan" only to private addresses, "any" to all; ask it "always", or
    # only if the local model is "unsure"; answer with the local model if it fails; replace personal identifiers in what is sent;
    # seconds without text before it is given up
    remote: str = "off"
    remote_when: str = "always"
    remote_fallback: bool = False
    remote_redact: bool = True
    remote_timeout: int = 120
    # the background process that keeps the models loaded: "auto" starts it if the models have weights, "on" always, "off" never
    engine: str = "auto"
    engine_idle_minutes: int = 15

    @property
    def libraries(self) -> tuple[str, ...]:
        """The library names in `library`, which can be several separated by commas."""
        return tuple(dict.fromkeys(split_names(self.library)))

    @property
    def reader_groups(self) -> frozenset[str]:
        """The groups that the reader is in."""
        return parse_groups(self.groups)

    @property
    def has_shared_library(self) -> bool:
        """Whether one of the libraries lives on a server, or in a file that other programs may use."""
        return any(map(self.is_shared, self.libraries))

    def is_shared(self, library: str) -> bool:
        """Whether the library of this name lives on a server, or in a file that other programs may use."""
        return (self.libraries_folder / library / LIBRARY_LINK).exists()

    @property
    def config_file(self) -> Path:
        """The user's settings file."""
        return self.home / "config.toml"

    @property
    def own_file(self) -> Path:
        """The settings file of the library, if it has one."""
        return self.libraries_folder / self.library / "settings.toml"

    @property
    def models_folder(self) -> Path:
        """The folder of downloaded models."""
        return self.home / "models"

    @property
    def sessions_folder(self) -> Path:
        """The folder of saved conversations, one file each."""
        return self.home / "sessions"

    @property
    def history_file(self) -> Path:
        """The input history of chats."""
        return self.home / "history"

    @property
    def memory_file(self) -> Path:
        """The database of saved facts."""
        return self.home / "memory.sqlite"

    @property
    def sent_file(self) -> Path:
        """The record of what was sent to another machine: times and sizes, no text."""
        return self.home / "sent.jsonl"

    @property
    def libraries_folder(self) -> Path:
        """The folder of libraries, one subfolder each."""
        return self.home / "libraries"


def find_home(environment: Mapping[str, str]) -> Path:
    """Return the home folder: ASSISTANT_HOME, or the platform's user data folder."""
    named = environment.get(PREFIX + "HOME", "")
    return absolute(Path(named)) if named else Path(platformdirs.user_data_dir(APPLICATION, appauthor=False))


def load_settings(flags: Mapping[str, str | int] | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the effective settings. Raises UsageError for an invalid value or an unreadable config file."""
    settings = Settings(home=find_home(environment))
    settings = overlay(settings, read_config(settings.config_file), str(settings.config_file))
    if hub := environment.get("HF_ENDPOINT"):
        settings = overlay(settings, {"hub": hub.rstrip("/")}, "HF_ENDPOINT")

    def completed(settings: Settings) -> Settings:
        return validated(overlay(with_environment(settings, environment), dict(flags or {}), "The command"))

    named = completed(settings)
    require_one_place(named)
    has_own = len(named.libraries) == 1 and named.own_file.is_file()
    own = local_only(read_config(named.own_file), named.own_file) if has_own else {}
    return completed(overlay(settings, own, str(named.own_file))) if own else named


REMOTE = ("remote", "remote_when", "remote_fallback", "remote_redact", "remote_timeout", "chat_model", "local_chat")


def local_only(own: dict[str, object], path: Path) -> dict[str, object]:
    """Return a library's own settings. Raises UsageError if they say where text is sent: an imported library may bring them."""
    if found := [name for name in own if name in REMOTE or (name == "chat" and is_address(str(own[name])))]:
        raise UsageError(f"{path} sets {found[0]}, but a library cannot choose a chat model on another machine.",
                         "Remove that line; set it in config.toml in the home folder.")
    return own


def require_one_place(settings: Settings) -> None:
    """Raise UsageError if libraries are asked together through a server, and one of them has a chat model of its own."""
    if len(settings.libraries) > 1 and is_address(settings.chat) and settings.remote != "off":
        for name in settings.libraries:
            if "chat" in read_config(settings.libraries_folder / name / "settings.toml"):
                raise UsageError(f"The library '{name}' has a chat model of its own, but a question to several libraries would "
                                 "go to the server that chat names.",
                                 "Ask the libraries one by one, or give a model: --chat NAME")


def with_environment(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """Return settings overridden by environment variables; empty variables are ignored."""
    known = {field.name for field in fields(Settings)} - {"home"}
    for name in sorted(known):
        if value := environment.get(PREFIX + name.upper()):
            settings = overlay(settings, {name: value}, f"{PREFIX}{name.upper()} in the environment")
    return settings


def read_config(path: Path) -> dict[str, object]:
    """Return the values in a TOML file; an empty dict if there is no file. Raises UsageError if it cannot be read."""
    try:
        return tomllib.loads(read_file(path, LARGEST_CONFIG).decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError) as error:
        for place in (path.parent, *path.parent.parents):
            if os.path.exists(place) and not os.path.isdir(place):  # noqa: PTH110, PTH112 - these raise nothing
                raise UsageError(f"{path.parent} cannot be the home folder: {place} is a file.",
                                 "Set ASSISTANT_HOME to a folder.") from error
        return {}
    except (ValueError, RecursionError, OSError) as error:
        raise UsageError(f"{path} cannot be read: {reason(error)}.",
                         "Fix it, or delete it to use the defaults.") from error


def reason(error: Exception) -> str:
    """Return why a settings file cannot be read, as text."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(getattr(error, "strerror", None) or error).rstrip(".")


def overlay(settings: Settings, values: Mapping[str, object], origin: str) -> Settings:
    """Return settings overridden by `values`, each converted to its field's type.

    Raises UsageError, which names the origin, for an unknown setting or an invalid value.
    """
    types = {field.name: type(getattr(settings, field.name)) for field in fields(Settings) if field.name != "home"}
    converted: dict[str, str | int] = {}
    for name, value in values.items():
        if name not in types:
            raise UsageError(f"{origin} sets {abbreviated(name)}, which is not a setting.",
                             f"Settings: {', '.join(sorted(types))}.")
        converted[name] = convert(name, value, types[name], origin)
    return replace(settings, **converted)  # type: ignore[arg-type]


def convert(name: str, value: object, wanted: type, origin: str) -> str | int:
    """Convert a value to the type of its setting. Raises UsageError if it is invalid."""
    is_list = name == "groups" and isinstance(value, list) and all(isinstance(each, str) for each in value)
    found: object = ",".join(value) if is_list and isinstance(value, list) else value
    if wanted is bool:
        found = SWITCH.get(str(value).lower()) if isinstance(value, bool | int | str) else None
    elif wanted is int:
        found = as_number(value)
    if not isinstance(found, wanted) or not ALLOWED[name].allows(found):
        raise invalid_value(name, value, ALLOWED[name].words, origin)
    return found if isinstance(found, int) else str(found)


def as_number(value: object) -> int | None:
    """Return a value as an integer; None if it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def invalid_value(name: str, value: object, allowed: str, origin: str) -> UsageError:
    """Return the error for an invalid value: where it was set and what is valid."""
    if name == "library":
        return UsageError(f"{origin} names the library {abbreviated(value)}, which is not a valid name.",
                          "Use letters, digits, '-' and '_', at most 100 of them.")
    return UsageError(f"{origin} sets {name} to {abbreviated(value)}; it can be {allowed}.",
                      "See all settings and their values in docs/guide.md, Settings.")


def validated(settings: Settings) -> Settings:
    """Return the settings if they are consistent. Raises UsageError if not."""
    for name in settings.libraries:
        if not is_library_name(name):
            raise UsageError(f"{abbreviated(name)} is not a valid library name.",
                             "Use letters, digits, '-' and '_', at most 100 of them.")
    needs_local = settings.remote_fallback or settings.remote_when == "unsure"
    if is_address(settings.chat) and settings.remote != "off" and needs_local and not settings.local_chat:
        raise UsageError("remote_fallback and remote_when = \"unsure\" need a chat model of this machine beside the server.",
                         "Set local_chat to a name from the catalog: assistant models list")
    if settings.context_tokens < settings.answer_tokens + 512:
        raise UsageError(f"context_tokens is {settings.context_tokens} and answer_tokens {settings.answer_tokens}; "
                         "context_tokens must be at least 512 more than answer_tokens.",
                         "Increase context_tokens, or decrease answer_tokens.")
    return settings


def save_choice(path: Path, values: Mapping[str, str]) -> None:
    """Write settings into a TOML file and keep its other lines unchanged."""
    lines = read_file(path, LARGEST_CONFIG).decode("utf-8-sig").split("\n") if path.exists() else []
    first_table = next((number for number, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    kept = [line for line in lines[:first_table] if line.split("=")[0].strip().strip("\"'") not in values] + lines[first_table:]
    # a TOML string is a JSON string in which DEL is escaped too
    chosen = [f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f") for name, value in values.items()]
    text = "\n".join([*chosen, *kept]).rstrip("\n") + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, utf8_or_error(text))


def utf8_or_error(text: str) -> bytes:
    """Return the text as UTF-8. Raises UsageError if it contains bytes that are not UTF-8 (as surrogates)."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError("config.toml cannot store a path that is not valid UTF-8.",
                         "Rename the file or folder.") from error

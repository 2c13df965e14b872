"""Turn the errors of pymilvus, of gRPC and of the server into the program's own, with a hint."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.errors import AssistantError, DiskFull, ServerUnavailable
from assistant.index.milvus.address import MilvusAddress
from assistant.system.confinement import is_loopback

CAUSES = 5  # errors behind an error that are looked at
CERTIFICATE = ("certificate", "ssl_error", "handshake", "hostname verification")
FULL = ("disk quota", "diskquota", "no space left", "memory quota", "memoryquota")
DENIALS = ("permission", "privilege")
REFUSALS = ("unauthenticated", "auth check failure")
TRY_AGAIN = "Check that it runs and the network works, then try again."
UNENCRYPTED = ("Check that it runs, then try again. 127.0.0.1 and localhost are asked without "
               "encryption: a server that uses TLS on this machine is reached by another of its names.")
UNREACHABLE = ("fail connecting", "unavailable", "deadline", "timeout", "timed out", "connection refused", "failed to connect")


def translate(error: Exception, address: MilvusAddress) -> AssistantError:
    """Return the program's own error, with a hint, for one of pymilvus or gRPC."""
    if isinstance(error, AssistantError):
        return error
    causes = [first_line(message_of(each)) for each in chain(error)]
    place = named(address)
    if address.is_encrypted and (said := containing(causes, CERTIFICATE)):
        return ServerUnavailable(f"{place} is not trusted and was sent nothing: {certificate_reason(said)}.",
                                 "Check that it uses TLS and that the address has the name in its certificate; for an authority "
                                 "of your own set GRPC_DEFAULT_SSL_ROOTS_FILE_PATH to the file of its certificate.")
    if said := containing(causes, REFUSALS):
        return ServerUnavailable(f"{place} refuses the token: {said}.",
                                 "Set ASSISTANT_LIBRARY_TOKEN in the environment, or unlock the keyring that holds the token "
                                 f"(keyring set private-assistant milvus:{address.machine}).")
    if said := containing(causes, DENIALS):
        return ServerUnavailable(f"{place} does not allow this: {said}.",
                                 "Ask who runs the server for the right, which the user of your token does not have.")
    if said := containing(causes, FULL):
        return DiskFull(f"{place} has no room left: {said}.", "Free some space there, then run the command again.")
    said = causes[0]
    if containing(causes, UNREACHABLE):
        return ServerUnavailable(f"{place} cannot be reached: {said}.", UNENCRYPTED if is_loopback(address.host) else TRY_AGAIN)
    return ServerUnavailable(f"{place} reports an error: {said}.", "Try again; then see the log of the server.")


def is_missing_database(error: Exception) -> bool:
    """Return whether the server says that it does not have the database."""
    return bool(re.search(r"database\b.*\bnot (found|exist)", message_of(error), re.IGNORECASE))


def certificate_reason(said: str) -> str:
    """Return why a certificate was refused: in words, or what gRPC says."""
    if "hostname verification" in said.lower():
        return "its certificate is for another name"
    if "certificate_ver" in said.lower():  # the message is cut
        return "its certificate has expired, or is of an authority that this machine does not know"
    return said


def named(address: MilvusAddress) -> str:
    """Return the server as the subject of a sentence."""
    return f"The server of the shared library, {address.machine},"


def chain(error: BaseException) -> list[BaseException]:
    """Return an error and those that caused it, the last first."""
    found = [error]
    while len(found) < CAUSES and found[-1].__cause__ is not None:
        found.append(found[-1].__cause__)
    return found


def containing(sentences: Sequence[str], words: Sequence[str]) -> str:
    """Return the last sentence that contains one of these words; "" if none does."""
    return next((each for each in reversed(sentences) if any(word in each.lower() for word in words)), "")


def message_of(error: BaseException) -> str:
    """Return what an error says; of one of gRPC its details and the name of its code."""
    code, details = getattr(error, "code", None), getattr(error, "details", None)
    if callable(code) and callable(details):
        return f"{details()} ({code().name})"
    return str(getattr(error, "message", "") or error) or type(error).__name__


def first_line(text: str) -> str:
    """Return the first line of a message, at most 200 characters, without a final stop."""
    return text.strip().partition("\n")[0][:200].rstrip(" .")

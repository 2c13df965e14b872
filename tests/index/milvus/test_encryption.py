"""TLS and the token, with a stand-in for a server of Milvus on this machine that has a certificate of its own.

The client runs in a process of its own, since gRPC reads the trusted authorities once. It takes this machine for another one.
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.shared
REASON = "needs pymilvus: pip install 'private-assistant[shared]'"
ROOT = Path(__file__).parents[3]
TOKEN = "ann:correct horse"
CLIENT = """
import sys
from assistant.errors import AssistantError
from assistant.index.milvus import address, connection
address.is_loopback = lambda host: False
connection.CONNECT_SECONDS = float(sys.argv[2])
try:
    connection.connect(address.parse_address(sys.argv[1]), may_create=sys.argv[3] == "True").close()
    print("connected")
except AssistantError as error:
    print(error.exit_code, error, error.hint)
"""


def certificate(folder: Path, name: str, *, days: int = 1) -> tuple[bytes, bytes, Path]:
    """Return a key and a certificate for a host that is its own authority, and its file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    place = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    now = datetime.datetime.now(datetime.UTC)
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=9))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([place]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256()))
    pem = made.public_bytes(serialization.Encoding.PEM)
    file = folder / f"{name} {days}.pem"
    file.write_bytes(pem)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private, pem, file


class StandIn:
    """A gRPC server that answers what a client of Milvus asks first, if the token is right.

    `seen` are the tokens that came, `created` the databases. Its user may not list databases, as one who may use a database only.
    """

    def __init__(self, key: bytes = b"", pem: bytes = b"", version: str = "v2.6.0") -> None:
        import grpc
        from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc

        seen: list[str] = []
        created: list[str] = []

        def require_token(context: Any) -> None:
            given = dict(context.invocation_metadata()).get("authorization", "")
            seen.append(base64.b64decode(given).decode())
            if seen[-1] != TOKEN:
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "auth check failure, please check api key is correct")

        class Service(milvus_pb2_grpc.MilvusServiceServicer):  # type: ignore[misc]
            def Connect(self, request: Any, context: Any) -> Any:
                require_token(context)
                return milvus_pb2.ConnectResponse(status=common_pb2.Status(), identifier=1)

            def GetVersion(self, request: Any, context: Any) -> Any:
                require_token(context)
                return milvus_pb2.GetVersionResponse(status=common_pb2.Status(), version=version)

            def ShowCollections(self, request: Any, context: Any) -> Any:
                require_token(context)
                database = request.db_name or dict(context.invocation_metadata()).get("dbname", "")
                missing = database not in {"team", *created}
                said = {"code": 800, "reason": f"database not found[database={database}]"} if missing else {}
                return milvus_pb2.ShowCollectionsResponse(status=common_pb2.Status(**said))

            def ListDatabases(self, request: Any, context: Any) -> Any:
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "PrivilegeListDatabases: permission deny to ann")

            def CreateDatabase(self, request: Any, context: Any) -> Any:
                require_token(context)
                created.append(request.db_name)
                return common_pb2.Status()

        self.seen, self.created = seen, created
        self._server = grpc.server(ThreadPoolExecutor(4))
        milvus_pb2_grpc.add_MilvusServiceServicer_to_server(Service(), self._server)
        if pem:
            self.port = self._server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, pem)]))
        else:
            self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def close(self) -> None:
        self._server.stop(None).wait()


def connected(address: str, trusted: Path | None = None, token: str = TOKEN, seconds: float = 5, *,
              may_create: bool = True) -> str:
    """Return what a client says that connects to an address."""
    pytest.importorskip("pymilvus", reason=REASON)
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "ASSISTANT_LIBRARY_TOKEN": token, "GRPC_VERBOSITY": "NONE"}
    if trusted:
        environment["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(trusted)
    done = subprocess.run([sys.executable, "-c", CLIENT, address, str(seconds), str(may_create)], env=environment,
                          capture_output=True, text=True, timeout=120, check=False)
    assert not done.stderr, done.stderr
    return done.stdout.strip()


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[tuple[StandIn, Path]]:
    pytest.importorskip("pymilvus", reason=REASON)
    key, pem, file = certificate(tmp_path, "127.0.0.1")
    with closing(StandIn(key, pem)) as server:
        yield server, file


def test_a_certificate_that_is_trusted_is_accepted_and_the_token_arrives(encrypted: tuple[StandIn, Path]) -> None:
    server, trusted = encrypted
    assert connected(f"milvus://127.0.0.1:{server.port}/team", trusted) == "connected"
    assert set(server.seen) == {TOKEN}


def test_a_wrong_token_is_refused_as_such(encrypted: tuple[StandIn, Path]) -> None:
    server, trusted = encrypted
    said = connected(f"milvus://127.0.0.1:{server.port}/team", trusted, token="ann:guessed")
    assert said.startswith("6 The server of the shared library")
    assert "refuses the token: auth check failure" in said
    assert TOKEN not in server.seen
    assert "guessed" not in said


@pytest.mark.parametrize("case", ["unknown authority", "another authority", "another name", "expired"])
def test_a_certificate_that_is_not_trusted_gets_no_token(encrypted: tuple[StandIn, Path], tmp_path: Path, case: str) -> None:
    server, _ = encrypted
    trusted = None
    if case == "another authority":
        trusted = certificate(tmp_path, "10.0.0.1")[2]
    elif case != "unknown authority":
        key, pem, trusted = certificate(tmp_path, "db.example" if case == "another name" else "127.0.0.1",
                                        days=1 if case == "another name" else -1)
        server = StandIn(key, pem)
    said = connected(f"milvus://127.0.0.1:{server.port}/team", trusted)
    assert said.startswith("6 The server of the shared library")
    assert "is not trusted and was sent nothing: its certificate" in said
    assert ("is for another name" in said) == (case == "another name")
    assert server.seen == []
    if server is not encrypted[0]:
        server.close()


def test_a_server_without_encryption_gets_no_token(tmp_path: Path) -> None:
    pytest.importorskip("pymilvus", reason=REASON)
    with closing(StandIn()) as server:
        said = connected(f"milvus://127.0.0.1:{server.port}/team")
        assert (said[:2], server.seen) == ("6 ", [])
        assert connected(f"milvus+plain://127.0.0.1:{server.port}/team") == "connected"  # the user asked for it


def test_a_database_that_is_missing_is_created_if_it_may_be(tmp_path: Path) -> None:
    pytest.importorskip("pymilvus", reason=REASON)
    with closing(StandIn()) as server:
        place = f"milvus+plain://127.0.0.1:{server.port}"
        assert connected(f"{place}/other", may_create=False).startswith(f"4 There is no library at {place}/other.")
        assert server.created == []
        assert connected(f"{place}/other") == "connected"
        assert connected(f"{place}/other") == "connected"
        assert connected(f"{place}/team") == "connected"
        assert server.created == ["other"]


@pytest.mark.parametrize(("version", "told"), [
    ("v2.3.5-lite", "runs Milvus 2.3.5; a shared library needs 2.4 or later"), ("v2.4.0", ""), ("3.0", ""), ("master-2026", ""),
    ("Zilliz Cloud (Compatible with Milvus 2.4)", "")])
def test_a_server_that_is_too_old_is_named_as_such(version: str, told: str) -> None:
    pytest.importorskip("pymilvus", reason=REASON)
    with closing(StandIn(version=version)) as server:
        said = connected(f"milvus+plain://127.0.0.1:{server.port}/team")
        assert said.startswith("2 The server of the shared library") if told else said == "connected"
        assert told in said
        assert server.created == []


class Recorder(threading.Thread):
    """A TCP server that answers nothing and records what it gets."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.got = b""
        self.start()

    def run(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(3)
                try:
                    self.got += peer.recv(65_536)
                    time.sleep(1)
                except OSError:
                    pass


def test_what_leaves_the_machine_before_the_certificate_is_known_holds_no_token() -> None:
    recorder = Recorder()
    said = connected(f"milvus://127.0.0.1:{recorder.port}/team")
    recorder.socket.close()
    assert said.startswith("6 ")
    assert recorder.got[:2] == b"\x16\x03"  # a TLS handshake
    assert TOKEN.encode() not in recorder.got
    assert base64.b64encode(TOKEN.encode()) not in recorder.got


def test_a_server_that_accepts_and_answers_nothing_is_an_error_in_time() -> None:
    recorder = Recorder()
    begin = time.monotonic()
    said = connected(f"milvus+plain://127.0.0.1:{recorder.port}/team", seconds=3)
    recorder.socket.close()
    assert said.startswith("6 ")
    assert "cannot be reached" in said
    assert time.monotonic() - begin < 60


def test_no_server_is_an_error_in_time() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    said = connected(f"milvus+plain://127.0.0.1:{port}/team", seconds=3)
    assert said.startswith("6 ")
    assert "cannot be reached" in said

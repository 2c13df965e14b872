"""Encrypted connections to a server: the certificate must be valid for the name, though the connection goes to an address."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from pathlib import Path

import pytest
from openai_server import running, says

from assistant.datatypes import Message
from assistant.errors import ServerUnavailable
from assistant.models.remote.chat import RemoteChat
from assistant.models.remote.spec import ServerSpec


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a key and a certificate of its own authority for the name gpu.lan and the address 127.0.0.1."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gpu.lan")])
    names = [x509.DNSName("gpu.lan"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.datetime.now(datetime.UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1)).add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256()))
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return file


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the names gpu.lan and other.lan lead to this machine."""
    usual = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: usual(
        "127.0.0.1" if str(host).endswith(".lan") else host, *more, **named))


def reply_from(host: str, certificate: Path) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with running(says("ok"), tls=context) as server:
        chat = RemoteChat("m", ServerSpec(f"https://{host}:{server.port}/v1", "lan", seconds=5), 4096, pauses=())
        return "".join(chat.reply((Message("user", "a"),), 10))  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["gpu.lan", "127.0.0.1"])
def test_a_certificate_of_a_known_authority_for_the_name_is_accepted(certificate, monkeypatch, host):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert reply_from(host, certificate) == "ok"


def test_an_unknown_authority_is_refused(certificate, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(ServerUnavailable, match="certificate that cannot be verified"):
        reply_from("gpu.lan", certificate)


def test_a_certificate_for_another_name_is_refused(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(ServerUnavailable, match="certificate that cannot be verified"):
        reply_from("other.lan", certificate)

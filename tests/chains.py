"""Chains of certificates with whatever is wrong with them, and hosts that serve them.

root = authority("Root", until=...)
leaf = issued("localhost", by=root, until=...)
host.serves(leaf, middle); async with host.running(): ...
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
"""Verification looks at the clock of the machine."""


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def issued(
    name: str,
    *,
    by: Issued | None = None,
    since: datetime = NOW - timedelta(days=100),
    until: datetime = NOW + timedelta(days=100),
    hosts: Sequence[str] | None = None,
    is_authority: bool = False,
) -> Issued:
    """Issue a certificate; by nobody: it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if by is not None:
        of_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
        builder = builder.add_extension(of_issuer, critical=False)
    if not is_authority:
        names = x509.SubjectAlternativeName([x509.DNSName(one) for one in hosts or [name]])
        builder = builder.add_extension(names, critical=False)
    signer = by.key if by is not None else key
    return Issued(builder.sign(signer, hashes.SHA256()), key)


def authority(
    name: str,
    *,
    by: Issued | None = None,
    since: datetime = NOW - timedelta(days=400),
    until: datetime = NOW + timedelta(days=400),
) -> Issued:
    """Issue the certificate of an authority, of the root or one between."""
    return issued(name, by=by, since=since, until=until, is_authority=True)


def write_pem(path: Path, *chain: Issued, with_key: bool = False) -> str:
    """Write certificates to a file, the key of the first before them."""
    key = chain[0].key_pem if with_key else b""
    path.write_bytes(key + b"".join(one.pem for one in chain))
    return str(path)


class Host:
    """A host on loopback that serves a chain; what it serves may be changed while it runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.port = 0
        self.received: list[bytes] = []
        """What was sent to it over its connections."""
        self.handshakes = 0

    def serves(self, *chain: Issued) -> None:
        """Serve this chain from now on."""
        path = write_pem(self._folder / "served.pem", *chain, with_key=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(path)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Host"]:
        outer = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        path = self._folder / "served.pem"
        outer.load_cert_chain(path)
        outer.sni_callback = self._choose
        server = await asyncio.start_server(self._take, "127.0.0.1", 0, ssl=outer)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    def _choose(self, inner: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        inner.context = self._context
        self.handshakes += 1

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.received.append(await reader.read(1000))
        except OSError:
            pass
        finally:
            writer.transport.abort()


def localhost(port: int) -> str:
    """The address of such a host."""
    return f"https://localhost:{port}"

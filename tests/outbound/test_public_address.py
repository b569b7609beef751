"""The service's own address asked from outside: its certificate is checked, and how long it is good is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from assay.domain.errors import ProviderError
from assay.outbound import public_address

DAYS = 5


async def healthy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers as the API does."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
    await writer.drain()
    writer.close()


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """The address of a server with a certificate of its own, and who trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(hours=1), now + timedelta(days=DAYS))
    certificate = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False).sign(key, SHA256())
    file = tmp_path / "both.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(file)
    server = await asyncio.start_server(healthy, "localhost", 0, ssl=secure)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}", ssl.create_default_context(cafile=file)


async def test_a_certificate_and_its_end(there: tuple[str, ssl.SSLContext]) -> None:
    """Trusted, it tells its last day; untrusted, nothing is believed."""
    url, trusting = there
    answered = await public_address.ask(url, secure=trusting)
    left = answered.left(datetime.now(UTC))
    assert left is not None
    assert (answered.status, left.days) == (200, DAYS - 1)
    with pytest.raises(ProviderError, match="CERTIFICATE_VERIFY_FAILED"):
        await public_address.ask(url)


async def test_an_address_that_nobody_answers() -> None:
    """Is told as such."""
    with pytest.raises(ProviderError, match="unavailable"):
        await public_address.ask("http://127.0.0.1:1")

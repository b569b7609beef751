"""Posting: exactly to the address that was checked, no further, no longer, and no more read than is needed."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from receivers import Answer, Receiver, receiver

from assay.domain.errors import Fault, ProviderError
from assay.kit.transactions import NetworkInsideTransaction, transaction_marked
from assay.outbound.addresses import networks
from assay.outbound.posting import BODY_CAP, retry_after
from assay.outbound.webhook_sender import HttpWebhookSender

LOOPBACK = networks("127.0.0.0/8")
PUBLIC = "93.184.215.14"


class Recorder(httpcore2.AsyncNetworkBackend):
    """Writes down where a connection would go, and makes none."""

    def __init__(self, refusing: Sequence[str] = ()) -> None:
        self.asked: list[tuple[str, int]] = []
        self.named: list[str | None] = []
        self._refusing = refusing

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        """Answer every request with 204."""
        self.asked.append((host, port))
        if host in self._refusing:
            raise httpcore2.ConnectError
        return _Recorded(self.named)


class _Recorded(httpcore2.AsyncMockStream):
    def __init__(self, named: list[str | None]) -> None:
        super().__init__([b"HTTP/1.1 204 No Content\r\n\r\n"])
        self._named = named

    async def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None) -> Any:  # noqa: ASYNC109
        assert ssl_context.verify_mode is ssl.CERT_REQUIRED
        assert ssl_context.check_hostname
        self._named.append(server_hostname)
        return self


class Names:
    """A resolver that answers from a list, the last answer again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        """The next answer."""
        self.asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture
def sender() -> HttpWebhookSender:
    """One that may speak to loopback."""
    return HttpWebhookSender(seconds=10, allowed=LOOPBACK)


async def test_a_message_arrives_as_it_was_given(sender: HttpWebhookSender, there: Receiver) -> None:
    """Path, query, headers, the very bytes; the status comes back."""
    there.answers = [Answer(202)]
    posted = await sender.post(there.url, {"webhook-id": "m1"}, b'{"a":1}')
    assert (posted.status, posted.retry_after) == (202, None)
    (message,) = there.received
    assert message.line == "POST /hook?tenant=1 HTTP/1.1"
    assert message.body == b'{"a":1}'
    wanted = {"host": f"127.0.0.1:{there.port}", "content-type": "application/json", "webhook-id": "m1", "content-length": "7"}
    assert wanted.items() <= message.headers.items()


async def test_the_name_is_asked_once_and_the_connection_goes_there() -> None:
    """The checked address is connected to; host header and certificate still name the host."""
    network, names = Recorder(), Names([PUBLIC], ["127.0.0.1"])
    assert (await HttpWebhookSender(seconds=1, resolve=names, network=network).post("https://lms.example/x", {}, b"{}")).status == 204
    assert (names.asked, network.asked, network.named) == (1, [(PUBLIC, 443)], ["lms.example"])


async def test_a_name_that_flips_is_refused_at_the_next_post() -> None:
    """Public when it was registered and when it was first told, then loopback: nothing is connected to any more."""
    network, names = Recorder(), Names([PUBLIC], [PUBLIC], ["127.0.0.1"])
    sender = HttpWebhookSender(seconds=1, resolve=names, network=network)
    await sender.check("https://rebind.example/")
    await sender.post("https://rebind.example/", {}, b"{}")
    with pytest.raises(ProviderError, match="not public") as refused:
        await sender.post("https://rebind.example/", {}, b"{}")
    assert refused.value.fault is Fault.MISCONFIGURED
    assert network.asked == [(PUBLIC, 443)]


async def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    """Nobody chooses which of them is taken."""
    network = Recorder()
    sender = HttpWebhookSender(seconds=1, resolve=Names([PUBLIC, "169.254.169.254"]), network=network)
    with pytest.raises(ProviderError, match="not public"):
        await sender.post("https://lms.example/", {}, b"{}")
    assert network.asked == []


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    """As any client does; all of them were checked."""
    network = Recorder(refusing=["2606:4700::1111"])
    sender = HttpWebhookSender(seconds=1, resolve=Names(["2606:4700::1111", PUBLIC]), network=network)
    assert (await sender.post("https://lms.example/", {}, b"{}")).status == 204
    assert network.asked == [("2606:4700::1111", 443), (PUBLIC, 443)]


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "017700000001", "2130706433", "0", "0.0.0.0", "localhost", "localhost."),
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254", "0xa9fea9fe", "2852039166", "10.0.0.1", "192.168.1.1"),
        *("172.16.0.1", "100.64.0.1", "[fd00::1]", "[fe80::1]", "[::]", "255.255.255.255", "224.0.0.1", "198.18.0.1"),
    ],
)
async def test_addresses_inside_are_refused_however_they_are_written(host: str) -> None:
    """By the system's own resolver, at registration and at every post, on every port: no connection is asked for."""
    network = Recorder()
    sender = HttpWebhookSender(seconds=5, network=network)
    for port in (443, 22, 5432, 6379):
        for ask in (sender.check(f"https://{host}:{port}/"), sender.post(f"https://{host}:{port}/", {}, b"{}")):
            with pytest.raises(ProviderError) as refused:
                await ask
            assert refused.value.fault in {Fault.MISCONFIGURED, Fault.UNAVAILABLE}
    assert network.asked == []


async def test_a_redirect_is_an_answer_and_no_way(sender: HttpWebhookSender, there: Receiver) -> None:
    """The place it points to is never connected to."""
    async with receiver() as canary:
        there.answers = [Answer(status, {"location": canary.url}) for status in (301, 302, 303, 307, 308)]
        statuses = [(await sender.post(there.url, {}, b"{}")).status for _ in range(5)]
        assert statuses == [301, 302, 303, 307, 308]
        assert (canary.accepted, len(there.received)) == (0, 5)


async def test_an_endless_answer_is_read_up_to_the_cap(there: Receiver) -> None:
    """The status counts; megabytes are neither read nor waited for."""
    there.answers = [Answer(200, body=b"x" * 16_384, times=4_000)]
    start = asyncio.get_running_loop().time()
    assert (await HttpWebhookSender(seconds=5, allowed=LOOPBACK).post(there.url, {}, b"{}")).status == 200
    assert asyncio.get_running_loop().time() - start < 4
    assert there.sent_bytes < 16_384 * 4_000 / 4
    assert BODY_CAP == 65_536


async def test_a_body_that_never_comes_does_not_undo_the_status(there: Receiver) -> None:
    """Announced and not sent: the answer is taken, after the moment that is given to a body."""
    there.answers = [Answer(200, {"content-length": "10"})]
    assert (await HttpWebhookSender(seconds=5, allowed=LOOPBACK).post(there.url, {}, b"{}")).status == 200


async def test_a_late_status_counts_whatever_its_body_does(there: Receiver) -> None:
    """The time limit is for the status; a body without end after it does not make the receipt undone."""
    there.answers = [Answer(200, {"content-length": "10"}, delay=1.2)]
    assert (await HttpWebhookSender(seconds=2, allowed=LOOPBACK).post(there.url, {}, b"{}")).status == 200


async def test_who_takes_too_long_is_left(there: Receiver) -> None:
    """One limit for the whole of it, the name's look-up included."""
    sender = HttpWebhookSender(seconds=0.5, allowed=LOOPBACK)
    there.answers = [Answer(200, delay=3)]
    start = asyncio.get_running_loop().time()
    with pytest.raises(ProviderError, match=r"within 0\.5 s") as late:
        await sender.post(there.url, {}, b"{}")
    assert late.value.fault is Fault.TIMEOUT

    async def slow(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(3)
        return [PUBLIC]

    with pytest.raises(ProviderError, match="within"):
        await HttpWebhookSender(seconds=0.1, resolve=slow).post("https://lms.example/", {}, b"{}")
    with pytest.raises(ProviderError, match="in time"):
        await HttpWebhookSender(seconds=0.1, resolve=slow).check("https://lms.example/")
    assert asyncio.get_running_loop().time() - start < 2


async def test_who_is_not_there_is_unavailable(sender: HttpWebhookSender, there: Receiver) -> None:
    """A closed port, a name that stands for nothing, something that does not speak HTTP."""
    await there.close()
    with pytest.raises(ProviderError, match="ConnectError") as closed:
        await sender.post(there.url, {}, b"{}")
    assert closed.value.fault is Fault.UNAVAILABLE

    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    with pytest.raises(ProviderError, match="cannot be reached"):
        await sender.post(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", {}, b"{}")
    server.close()


async def test_proxies_of_the_environment_are_not_asked(
    there: Receiver, sender: HttpWebhookSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would resolve names themselves."""
    async with receiver() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await sender.post(there.url, {}, b"{}")).status == 204
        assert (proxy.accepted, len(there.received)) == (0, 1)


async def test_nothing_leaves_inside_a_transaction(sender: HttpWebhookSender, there: Receiver) -> None:
    """The law of the house."""
    with transaction_marked():
        with pytest.raises(NetworkInsideTransaction):
            await sender.post(there.url, {}, b"{}")
        with pytest.raises(NetworkInsideTransaction):
            await sender.check(there.url)
    assert there.accepted == 0


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("9" * 400, 999_999_999.0),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str, seconds: float | None) -> None:
    """Anything else says nothing."""
    assert retry_after(header, NOON) == seconds


class Certified(NamedTuple):
    """Contexts of a server that calls itself lms.example, and of a client that trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture
def certified(tmp_path: Path) -> Certified:
    """A certificate made for the occasion."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lms.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    certificate = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("lms.example")]), critical=False).sign(key, SHA256())
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*files)
    return Certified(server, ssl.create_default_context(cafile=files[0]))


async def test_the_certificate_is_that_of_the_name_not_of_the_address(certified: Certified) -> None:
    """Over real TLS: the name that was registered is asked for and checked, though the connection goes to an address."""
    asked: list[str | None] = []
    certified.server.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with receiver(certified.server) as there:
        sender = HttpWebhookSender(seconds=10, allowed=LOOPBACK, resolve=Names(["127.0.0.1"]))
        sender.__dict__["_secure"] = certified.client
        assert (await sender.post(f"https://lms.example:{there.port}/hook", {}, b"{}")).status == 204
        assert asked == ["lms.example"]
        assert there.received[0].headers["host"] == f"lms.example:{there.port}"
        with pytest.raises(ProviderError, match="cannot be reached"):
            await sender.post(f"https://other.example:{there.port}/hook", {}, b"{}")
        with pytest.raises(ProviderError, match="cannot be reached"):
            await HttpWebhookSender(seconds=10, allowed=LOOPBACK, resolve=Names(["127.0.0.1"])).post(
                f"https://lms.example:{there.port}/hook", {}, b"{}"
            )
        assert len(there.received) == 1


async def test_a_link_is_asked_for_without_a_body(there: Receiver) -> None:
    """HEAD, by the same rules: what is not public is not asked, and a redirect is an answer like any other."""
    sender = HttpWebhookSender(seconds=5, allowed=LOOPBACK)
    there.answers = [Answer(302, {"location": "http://169.254.169.254/"})]
    assert (await sender.head(there.url)).status == 302
    assert [(each.line, each.body) for each in there.received] == [("HEAD /hook?tenant=1 HTTP/1.1", b"")]
    with pytest.raises(ProviderError, match="not public") as refused:
        await HttpWebhookSender(seconds=5).head(there.url)
    assert refused.value.fault is Fault.MISCONFIGURED
    assert len(there.received) == 1
    with transaction_marked(), pytest.raises(NetworkInsideTransaction):
        await sender.head(there.url)

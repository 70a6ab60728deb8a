"""WebhookHttpClient against misbehaving receivers and forged DNS answers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from notification_service.webhooks.outbound.address_policy import AddressPolicy, IPAddress, parse_networks
from notification_service.webhooks.outbound.http_client import WebhookHttpClient, open_http_client
from notification_service.webhooks.outbound.ports import AttemptResult
from notification_service.webhooks.outbound.resolver import open_system_resolver
from tests.support.certificates import self_signed
from tests.support.webhooks import Receiver, drip, drop, flood, hang, receiver

LOOPBACK = parse_networks(["127.0.0.0/8"])
TIMEOUT = timedelta(seconds=1)


class Names:
    """A Resolver with fixed answers; of several answers for a name the last one repeats."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name: list(said) for name, said in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[IPAddress]:
        self.asked.append(host)
        said = self._answers.get(host)
        if said is None:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [ip_address(each) for each in (said.pop(0) if len(said) > 1 else said[0])]


@asynccontextmanager
async def poster(names: Names | None = None, *, guarded: bool = False) -> AsyncIterator[WebhookHttpClient]:
    reachable = AddressPolicy(() if guarded else LOOPBACK)
    async with open_http_client(reachable, names or Names(), TIMEOUT) as made:
        yield made


async def posted(url: str, names: Names | None = None, *, guarded: bool = False) -> AttemptResult:
    async with poster(names, guarded=guarded) as made:
        return await made.post(URL(url), b'{"a":1}', {"webhook-id": "msg_1"})


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as running:
        yield running


def named(url: str, host: str) -> str:
    return str(URL(url).with_host(host))


async def test_a_request_arrives_as_it_was_signed(there: Receiver) -> None:
    answer = await posted(there.url)
    assert (answer.status, answer.error) == (204, None)
    (call,) = there.calls
    assert call.body == b'{"a":1}'
    assert call.headers["content-type"] == "application/json"
    assert call.headers["user-agent"] == "Tonegate-Webhooks"
    assert call.id == "msg_1"


@pytest.mark.parametrize(
    ("status", "word"),
    [(200, None), (299, None), (301, "redirected"), (307, "redirected"), (404, "refused"), (500, "refused")],
)
async def test_only_2xx_is_success_and_nothing_is_followed(
    there: Receiver, status: int, word: str | None
) -> None:
    there.answers = [status]
    answer = await posted(there.url)
    assert (answer.status, answer.error) == (status, word)
    assert len(there.calls) == 1


async def test_a_receiver_that_never_responds_times_out(there: Receiver) -> None:
    there.answers = [hang]
    answer = await posted(there.url)
    assert (answer.status, answer.error) == (None, "timed_out")
    assert answer.duration_s >= TIMEOUT.total_seconds()


async def test_a_closed_connection_is_connection_broken(there: Receiver) -> None:
    there.answers = [drop]
    assert (await posted(there.url)).error == "connection_broken"


@pytest.mark.parametrize("endless", [drip, flood])
async def test_an_endless_response_body_does_not_change_the_result(there: Receiver, endless: object) -> None:
    there.answers = [endless]  # type: ignore[list-item]
    answer = await posted(there.url)
    assert (answer.status, answer.error) == (200, None)


async def test_a_response_that_is_not_http_is_bad_answer() -> None:
    async def garble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(16)
        writer.write(b"220 mail.example.org ESMTP\r\n" * 3)
        writer.close()

    server = await asyncio.start_server(garble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert (await posted(f"http://127.0.0.1:{port}/")).error == "bad_answer"
        assert (await posted(f"https://127.0.0.1:{port}/")).error in {"tls_failed", "connection_broken"}


async def test_an_untrusted_certificate_is_tls_failed(tmp_path: Path) -> None:
    async with receiver(self_signed(tmp_path).context) as there:
        assert (await posted(there.url)).error == "tls_failed"
        assert there.calls == []


async def test_connection_and_lookup_errors_have_their_codes() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert (await posted(f"http://127.0.0.1:{port}/")).error == "not_connected"
    assert (await posted("http://nowhere.example/")).error == "host_not_found"


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [("120", 120), ("", None), ("-1", None), ("soon", None), ("9" * 400, None), ("1e3", None)],
)
async def test_retry_after_is_parsed(there: Receiver, said: str, wait_s: int | None) -> None:
    async def busy(_: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": said})

    there.answers = [busy]
    waits = (await posted(there.url)).retry_after
    assert waits == (None if wait_s is None else timedelta(seconds=wait_s))


async def test_retry_after_may_be_a_date(there: Receiver) -> None:
    async def busy(_: web.Request) -> web.StreamResponse:
        at = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
        return web.Response(status=503, headers={"Retry-After": at})

    there.answers = [busy]
    waits = (await posted(there.url)).retry_after
    assert waits is not None
    assert timedelta(minutes=58) < waits <= timedelta(hours=1)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.7"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["8.8.8.8", "127.0.0.1"],
        ["2606:4700:4700::1111", "fd00::1"],
    ],
    ids="+".join,
)
async def test_a_name_with_a_private_address_is_not_called(there: Receiver, addresses: list[str]) -> None:
    """And the owner does not learn that there is such a name."""
    names = Names(**{"inside.example": [addresses]})
    answer = await posted(named(there.url, "inside.example"), names, guarded=True)
    assert answer.error == (await posted("http://nowhere.example/")).error == "host_not_found"
    assert there.calls == []


async def test_a_private_address_is_not_called(there: Receiver) -> None:
    """aiohttp does not pass a literal address to the resolver."""
    assert (await posted(there.url, guarded=True)).error == "address_not_allowed"
    assert there.calls == []


async def test_a_name_is_resolved_once_per_attempt(there: Receiver) -> None:
    """A second lookup would allow DNS rebinding."""
    names = Names(**{"turning.example": [["127.0.0.1"], ["10.0.0.7"]]})
    url = named(there.url, "turning.example")
    async with poster(names) as made:
        first = await made.post(URL(url), b"", {"webhook-id": "msg_1"})
        second = await made.post(URL(url), b"", {"webhook-id": "msg_1"})
    assert (first.status, second.error) == (204, "host_not_found")
    assert names.asked == ["turning.example"] * 2


async def test_a_proxy_in_the_environment_is_ignored(
    there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, there.url)
    answer = await posted("http://nowhere.example/")
    assert answer.error == "host_not_found"
    assert there.calls == []


async def test_the_system_resolver_finds_localhost() -> None:
    with open_system_resolver(2) as lookup:
        assert ip_address("127.0.0.1") in await lookup("localhost")
        with pytest.raises(OSError, match="not a host name"):
            await lookup("a..b")

"""A service with a certificate of its own: requests, versions, its health check, and its stop."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.healthcheck import ready
from shared.settings import ServerCertificate, SettingsError, TlsSettings
from tests.integration.http.stoppable_server import SLOW, StoppableServer, stoppable_server
from tests.support.authority import Authority

BURST = 12


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def server(authority: Authority) -> AsyncIterator[StoppableServer]:
    issued = authority.issue("127.0.0.1")
    certificate = ServerCertificate(issued.certificate, issued.key)
    async with stoppable_server(certificate=certificate, trust=authority.trust()) as running:
        yield running


async def test_requests_are_answered_over_tls(server: StoppableServer) -> None:
    connection = await server.connect()
    assert (await connection.ask()).status == 200
    encrypted = connection.writer.get_extra_info("ssl_object")
    assert encrypted.version() == "TLSv1.3"


async def test_plain_http_gets_no_answer(server: StoppableServer) -> None:
    server.trust = None
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await (await server.connect()).ask()


async def test_the_certificate_of_another_authority_is_refused(
    server: StoppableServer, tmp_path: Path
) -> None:
    server.trust = Authority(tmp_path, "Another CA").trust()
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        await server.connect()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_tls_1_1_is_refused_and_1_2_is_not(server: StoppableServer, authority: Authority) -> None:
    def trusting(version: ssl.TLSVersion) -> ssl.SSLContext:
        context = authority.trust()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        return context

    server.trust = trusting(ssl.TLSVersion.TLSv1_1)
    with pytest.raises(ssl.SSLError, match="ALERT"):
        await server.connect()
    server.trust = trusting(ssl.TLSVersion.TLSv1_2)
    assert (await (await server.connect()).ask()).status == 200


async def test_the_health_check_asks_over_tls(
    server: StoppableServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not await asyncio.to_thread(ready, server.port)
    monkeypatch.setenv("TLS_CERTIFICATE", "/etc/tonegate/tls.pem")
    assert await asyncio.to_thread(ready, server.port)


async def test_a_stop_finishes_the_running_request_and_answers_late_connections(
    server: StoppableServer,
) -> None:
    slow = await server.connect()
    slow.writer.write(SLOW)
    await server.waiting.wait()
    await server.begin_stop()
    server.go_on.set()
    assert (await slow.answer()).status == 200

    late = 0
    while server.task is not None and not server.task.done():
        try:
            connections = [await server.connect() for _ in range(BURST)]
        except ConnectionRefusedError:
            break
        answers = await asyncio.gather(*[connection.ask() for connection in connections])
        assert {(answer.status, answer.closes) for answer in answers} == {(503, True)}
        late += len(answers)
    await server.ended()
    assert late >= BURST


def settings(**files: Path) -> TlsSettings:
    return TlsSettings(**{f"tls_{name}": path for name, path in files.items()})


def test_unusable_files_are_bad_settings(authority: Authority, tmp_path: Path) -> None:
    one, two = authority.issue("one.example"), authority.issue("two.example")
    assert settings().server_certificate() is None
    assert settings(certificate=one.certificate, key=one.key).server_certificate() is not None
    with pytest.raises(SettingsError, match="one is set without the other"):
        settings(certificate=one.certificate).server_certificate()
    with pytest.raises(SettingsError, match="TLS_CERTIFICATE, TLS_KEY"):
        settings(certificate=one.certificate, key=two.key).server_certificate()
    with pytest.raises(SettingsError, match="TLS_CERTIFICATE, TLS_KEY"):
        settings(certificate=tmp_path / "absent", key=two.key).server_certificate()
    with pytest.raises(SettingsError, match="TLS_CA"):
        settings(ca=tmp_path / "absent").client_context()

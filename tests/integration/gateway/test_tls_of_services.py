"""The gateway's calls to services at https URLs: by TLS_CA, by another authority, and by another name."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gateway.app import check_ready
from gateway.proxy.http_sessions import Sessions, open_http_sessions
from shared.settings import ServerCertificate, TlsSettings
from tests.support.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def port(authority: Authority) -> AsyncIterator[int]:
    """A service that is ready, with a certificate for 127.0.0.1 only."""

    async def ready(_: web.Request) -> web.Response:
        return web.Response()

    issued = authority.issue("127.0.0.1")
    app = web.Application()
    app.router.add_get("/readyz", ready)
    runner = web.AppRunner(app)
    await runner.setup()
    context = ServerCertificate(issued.certificate, issued.key).context()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def call(roots: Path | None, url: str) -> None:
    """Calls with each kind of session."""
    tls = TlsSettings(tls_ca=roots).client_context()
    async with open_http_sessions(8, 8, timedelta(seconds=60), tls) as sessions:
        for name in Sessions.__struct_fields__:
            await check_ready(getattr(sessions, name), url)


async def test_the_authority_of_the_setting_is_trusted(authority: Authority, port: int) -> None:
    await call(authority.certificate, f"https://127.0.0.1:{port}")


@pytest.mark.parametrize("named", [True, False])
async def test_another_authority_is_not(authority: Authority, port: int, tmp_path: Path, named: bool) -> None:
    other = Authority(tmp_path, "Another CA").certificate if named else None
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await call(other, f"https://127.0.0.1:{port}")


async def test_another_name_is_refused(authority: Authority, port: int) -> None:
    with pytest.raises(aiohttp.ClientConnectorCertificateError, match="localhost"):
        await call(authority.certificate, f"https://localhost:{port}")

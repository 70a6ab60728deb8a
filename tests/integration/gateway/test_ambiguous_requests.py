"""Ambiguous HTTP requests, as used for request smuggling, are refused or read in one way (RFC 9112 §11.2).

Raw bytes to the gateway's real server. Behind each a second request is hidden; it must never be answered, and
never reach a service.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.gateway.rig import Rig, running
from tests.integration.gateway.test_relay_uploads import BEARER, HEAD
from tests.support.wait import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

HIDDEN = f"GET /v1/conversions/hidden HTTP/1.1\r\nHost: x\r\n{BEARER}\r\n"
LENGTH = len(HIDDEN)
LAST = "Host: x\r\nConnection: close\r\n"

AMBIGUOUS = {
    "length and chunked": f"Content-Length: {5 + LENGTH}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": f"Transfer-Encoding: chunked\r\nContent-Length: {5 + LENGTH}\r\n\r\n0\r\n\r\n",
    "two lengths": f"Content-Length: 0\r\nContent-Length: {LENGTH}\r\n\r\n",
    "lengths in one field": f"Content-Length: 0, {LENGTH}\r\n\r\n",
    "a signed length": f"Content-Length: +{LENGTH}\r\n\r\n",
    "a negative length": "Content-Length: -1\r\n\r\n",
    "a length in hex": f"Content-Length: 0x{LENGTH:x}\r\n\r\n",
    "a length with a space": "Content-Length: 1 0\r\n\r\n",
    "a huge length": f"Content-Length: {'9' * 30}\r\n\r\n",
    "no coding we know": "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding before chunked": "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding after chunked": "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "two coding fields": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "identity": "Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n",
    "a space before the colon": "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a vertical tab": "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a folded line": "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a folded field": "X-A: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bare carriage return": "X-A: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a null byte": "X-A: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "two hosts": "Host: y\r\nContent-Length: 0\r\n\r\n",
    "a chunk size with sign": "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n",
    "a negative chunk": "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "a chunk size in 0x": "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
    "a huge chunk": f"Transfer-Encoding: chunked\r\n\r\n{'f' * 17}\r\n\r\n",
    "a chunk longer than said": "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    "a chunk ended by a bare line feed": "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway() -> AsyncIterator[Rig]:
    async with running(rate_default="100000/hour") as rig:
        yield rig


@pytest.fixture
def rig(gateway: Rig) -> Rig:
    """The gateway of this module, with recorded requests cleared."""
    gateway.reset()
    return gateway


@pytest.mark.parametrize("framing", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_no_request_is_smuggled_behind_another(rig: Rig, framing: str) -> None:
    statuses = await response_statuses(rig, f"{HEAD}{framing}{HIDDEN}")
    assert statuses in ([400], [202])
    assert [seen.target for seen in rig.converter.seen if "hidden" in seen.target] == []
    assert all(b"hidden" not in seen.body for seen in rig.converter.seen)


@pytest.mark.parametrize(
    "head",
    [
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        "GET /healthz\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n",
        "GET /health z HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
    ],
)
async def test_malformed_http_is_refused(rig: Rig, head: str) -> None:
    assert [status for status in await response_statuses(rig, head) if status < 400] == []


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /healthz?" + "a" * 9_000, 414),
        ("GET /healthz?" + "a" * 100_000, 414),
        ("GET /healthz HTTP/1.1\r\nX-A: " + "a" * 40_000, 431),
        ("GET /healthz HTTP/1.1\r\nX-A: " + "a" * 1_000_000, 431),
        ("GET /healthz HTTP/1.1\r\n" + "\r\n".join(f"X-{n}: a" for n in range(80)), 431),
        ("GET /healthz HTTP/1.1\r\n" + "\r\n".join(f"X-{n}: a" for n in range(2_000)), 431),
    ],
)
async def test_headers_and_urls_are_bounded(rig: Rig, head: str, status: int) -> None:
    rest = "" if "HTTP/1.1" in head else " HTTP/1.1"
    assert await response_statuses(rig, f"{head}{rest}\r\n{LAST}\r\n") == [status]


PATHS = [
    "//healthz",
    "/v1//conversions",
    "/v1/conversions/..",
    "/v1/conversions/.",
    "/v1/./conversions",
    "/v1/auth/../../internal/introspect",
    "/v1/auth/%2e%2e/%2e%2e/internal/introspect",
    "/v1/auth/.%2e/.%2E/internal/introspect",
    "/v1/auth/%252e%252e/internal/introspect",
    "/v1/auth/..;/internal/introspect",
    "/v1/auth;x=y/../internal/introspect",
    "/v1/auth/me;.css",
    "/v1/conversions/..%2f..%2finternal%2fintrospect",
    "/v1/conversions/a%2faudio",
    "/v1/conversions/..%5c..%5cinternal",
    "/v1/conversions\\..\\..\\internal",
    "/v1/conversions/a%00",
    "/v1/conversions/%c0%ae%c0%ae/internal",
    "/v1/conversions/a%0d%0aX-A:%20b",
    "/internal/introspect",
    "/%69nternal/introspect",
    "/INTERNAL/introspect",
    "/internal/introspect/",
    "http://127.0.0.1:8001/internal/introspect",
    "http://x/internal/introspect",
    "/metrics",
    "/readyz/../internal/introspect",
    "/schema/../internal/introspect",
    "/schema/%2e%2e/internal/introspect",
    "/schema/internal",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_path_encoding_reaches_internal_routes(rig: Rig, method: str, path: str) -> None:
    statuses = await response_statuses(
        rig, f"{method} {path} HTTP/1.1\r\n{LAST}{BEARER}Content-Length: 0\r\n\r\n"
    )
    assert statuses in ([400], [404], [405])
    assert rig.converter.seen == []
    assert [seen.target for seen in rig.auth.seen] == []


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "PROPFIND", "get", "GE%54"])
async def test_other_methods_are_refused(rig: Rig, method: str) -> None:
    target = "x:443" if method == "CONNECT" else "/v1/conversions"
    [status] = await response_statuses(rig, f"{method} {target} HTTP/1.1\r\n{LAST}{BEARER}\r\n")
    assert status in {400, 404, 405}
    assert rig.converter.seen == []


@pytest.mark.parametrize(
    "field",
    [
        "X-Original-URL: /internal/introspect",
        "X-Rewrite-URL: /internal/introspect",
        "X-HTTP-Method-Override: DELETE",
        "X-Forwarded-Host: evil.example.org",
        "X-Forwarded-Prefix: /internal",
        "X-User: admin",
        "X-Roles: admin",
        "Connection: Authorization, X-Request-ID",
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk",
    ],
)
async def test_no_client_header_changes_the_target_or_the_identity(rig: Rig, field: str) -> None:
    head = f"GET /v1/conversions/c1 HTTP/1.1\r\nHost: x\r\n{BEARER}{field}\r\nX-Request-ID: r1\r\n\r\n"
    assert await response_statuses(rig, f"{head}GET /healthz HTTP/1.1\r\n{LAST}\r\n") == [202, 200]
    [seen] = rig.converter.seen
    assert (seen.method, seen.target) == ("GET", "/v1/conversions/c1")
    assert seen.claims("converter_service")["sub"] == "u1"
    assert seen.header("x-request-id") == "r1"
    assert not {name for name in seen.names if name.startswith(("x-", "upgrade", "http2"))} - {"x-request-id"}


@pytest.mark.parametrize("sent", ["a\rb", "a%0d%0aX-Evil: 1", "é", "a" * 200, "a b", "{}"])
async def test_a_request_id_that_could_forge_a_log_line_is_replaced(rig: Rig, sent: str) -> None:
    async with rig.connect() as (reader, writer):
        writer.write(
            f"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-ID: {sent}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    assert b"Evil" not in answer
    assert sent.encode() not in answer


async def response_statuses(rig: Rig, request: str) -> list[int]:
    """Sends raw bytes; returns the status of each response until the gateway closes the connection."""
    async with rig.connect() as (reader, writer):
        writer.write(request.encode("latin-1"))
        answer = b""
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(ConnectionError):
                while piece := await reader.read(65536):
                    answer += piece
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]

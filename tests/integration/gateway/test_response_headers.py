"""Security and cache headers, ETags, HEAD, OPTIONS, CORS and compression."""

import gzip
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from gateway.middleware.security_headers import DEFAULTS
from tests.integration.gateway.rig import SIGNED_IN, Rig, running
from tests.integration.gateway.services import ReceivedRequest

PAGE = "https://app.example.org"
LIST = "/v1/conversions"


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A gateway that serves its OpenAPI document."""
    async with running() as rig:
        yield rig


async def call(rig: Rig, method: str, path: str, **headers: str) -> tuple[int, Any, bytes]:
    async with rig.http.request(method, rig.url + path, headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()


async def long_list(seen: ReceivedRequest) -> None:
    await seen.read_body()
    body = b'{"items":[' + b'"abcdefgh",' * 1000 + b'""]}'
    seen.answer("200 OK", body, **{"content-type": "application/json"})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", LIST, 401),
        ("GET", "/nowhere", 404),
        ("PUT", LIST, 405),
        ("GET", "/x?" + "a" * 9000, 414),
        ("GET", "/schema/openapi.json", 200),
        ("OPTIONS", LIST, 204),
    ],
)
async def test_every_response_has_the_security_headers(rig: Rig, method: str, path: str, status: int) -> None:
    answered, headers, _ = await call(rig, method, path)
    assert answered == status
    for name in set(DEFAULTS) - {"Cache-Control"}:
        assert headers[name] == DEFAULTS[name]
    assert "granian" not in str(headers).lower()
    assert headers["X-Request-ID"]
    assert "Strict-Transport-Security" not in headers
    assert headers["Content-Security-Policy"].split("; ") == [
        "default-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]


async def test_hsts_is_sent_with_a_public_https_url() -> None:
    async with running(public_url="https://tonegate.example.org") as rig:
        _, headers, _ = await call(rig, "GET", "/healthz")
        assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


async def test_the_time_of_hsts_can_be_set() -> None:
    async with running(public_url="https://a.example", hsts_max_age=timedelta(minutes=5)) as rig:
        _, headers, _ = await call(rig, "GET", "/healthz")
        assert headers["Strict-Transport-Security"].startswith("max-age=300;")


async def test_personal_responses_are_not_cacheable(rig: Rig) -> None:
    for path in (LIST, "/v1/auth/me", "/nowhere"):
        assert (await call(rig, "GET", path, **SIGNED_IN))[1]["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/schema/openapi.json", "/schema", "/.well-known/jwks.json"])
async def test_a_public_response_is_revalidated_by_its_etag(rig: Rig, path: str) -> None:
    async def keys(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.answer("200 OK", b'{"keys":[]}', **{"content-type": "application/json"})

    rig.auth.script = keys
    status, headers, body = await call(rig, "GET", path)
    assert (status, headers["Cache-Control"], bool(body)) == (200, "public, max-age=60", True)
    tag = headers["ETag"]
    for known in (tag, f'"x", {tag}', "*", tag.removeprefix("W/")):
        status, headers, body = await call(rig, "GET", path, **{"If-None-Match": known})
        assert (status, headers["ETag"], body) == (304, tag, b"")
    assert (await call(rig, "GET", path, **{"If-None-Match": '"x"'}))[0] == 200


@pytest.mark.parametrize("path", ["/healthz", "/schema", LIST, f"{LIST}/c1", "/v1/auth/me"])
async def test_head_is_get_without_the_body(rig: Rig, path: str) -> None:
    status, headers, body = await call(rig, "GET", path, **SIGNED_IN)
    looked, told, nothing = await call(rig, "HEAD", path, **SIGNED_IN)
    assert (looked, nothing) == (status, b"")
    assert body
    assert told["Content-Type"] == headers["Content-Type"]


async def test_head_does_not_wait_for_a_body_that_never_ends(rig: Rig) -> None:
    async def endless(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.start("200 OK", **{"content-type": "application/json", "transfer-encoding": "chunked"})
        seen.writer.write(b"1\r\nx\r\n")
        await seen.wait_closed()

    rig.converter.script = endless
    assert (await call(rig, "HEAD", f"{LIST}/c1", **SIGNED_IN))[0] == 200


async def test_head_of_an_unknown_path_is_refused_without_a_body(rig: Rig) -> None:
    assert (await call(rig, "HEAD", "/nowhere"))[::2] == (404, b"")
    assert (await call(rig, "HEAD", "/v1/auth/login"))[::2] == (405, b"")
    assert (await call(rig, "HEAD", LIST))[::2] == (401, b"")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (LIST, "GET, HEAD, OPTIONS, POST"),
        (f"{LIST}/c1", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        (f"{LIST}/c1/audio", "GET, HEAD, OPTIONS"),
        ("/v1/auth/login", "OPTIONS, POST"),
        ("/healthz", "GET, HEAD, OPTIONS"),
    ],
)
async def test_options_lists_the_methods_without_a_token(rig: Rig, path: str, allowed: str) -> None:
    status, headers, _ = await call(rig, "OPTIONS", path)
    assert (status, ", ".join(sorted(headers["Allow"].split(", ")))) == (204, allowed)
    status, headers, _ = await call(rig, "PUT", path)
    assert (status, ", ".join(sorted(headers["Allow"].split(", ")))) == (405, allowed)


async def test_options_of_the_whole_server(rig: Rig) -> None:
    async with rig.connect() as (reader, writer):
        writer.write(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"\r\n")).split()[1] == b"204"


async def test_cors_is_off_by_default(rig: Rig) -> None:
    status, headers, _ = await call(
        rig, "OPTIONS", LIST, Origin=PAGE, **{"Access-Control-Request-Method": "POST"}
    )
    assert status == 204
    assert not [name for name in headers if name.lower().startswith("access-control")]
    assert "Access-Control-Allow-Origin" not in (await call(rig, "GET", LIST, Origin=PAGE))[1]


async def test_a_configured_origin_is_allowed() -> None:
    async with running(cors_origins=(PAGE, "https://other.example.org")) as rig:
        ask = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
        status, headers, _ = await call(rig, "OPTIONS", LIST, **ask)
        assert (status, headers["Access-Control-Allow-Origin"]) == (204, PAGE)
        assert {"Authorization", "Idempotency-Key"} <= set(
            headers["Access-Control-Allow-Headers"].split(", ")
        )
        assert "POST" in headers["Access-Control-Allow-Methods"]
        assert "Access-Control-Allow-Credentials" not in headers
        for path in (LIST, "/nowhere", "/x?" + "a" * 9000):
            _, headers, _ = await call(rig, "GET", path, Origin=PAGE)
            assert headers["Access-Control-Allow-Origin"] == PAGE
            exposed = set(headers["Access-Control-Expose-Headers"].split(", "))
            assert {"RateLimit", "Location", "ETag", "X-Request-ID", "Retry-After"} <= exposed
            assert "Origin" in headers["Vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example.org", "null", f"{PAGE}.evil.org", "http://app.example.org"]
)
async def test_other_origins_are_not_allowed(origin: str) -> None:
    async with running(cors_origins=(PAGE,)) as rig:
        for method in ("OPTIONS", "GET"):
            ask = {"Origin": origin, "Access-Control-Request-Method": "GET"}
            _, headers, _ = await call(rig, method, LIST, **ask)
            assert "Access-Control-Allow-Origin" not in headers
            assert "Origin" in headers["Vary"]


@pytest.mark.parametrize(
    ("asked", "coding"),
    [("gzip", "gzip"), ("br, gzip;q=0.5", "gzip"), ("gzip;q=0", None), ("br", None), ("", None)],
)
async def test_long_lists_are_compressed_on_request(rig: Rig, asked: str, coding: str | None) -> None:
    rig.converter.script = long_list
    async with (
        aiohttp.ClientSession(auto_decompress=False) as http,
        http.get(rig.url + LIST, headers={**SIGNED_IN, "Accept-Encoding": asked}) as answer,
    ):
        body = await answer.read()
        assert answer.headers.get("Content-Encoding") == coding
        assert "Accept-Encoding" in answer.headers["Vary"]
    plain = gzip.decompress(body) if coding else body
    assert plain.startswith(b'{"items":["abcdefgh"')
    assert plain.endswith(b'""]}')
    assert (len(body) < 1000) is (coding == "gzip")


@pytest.mark.parametrize("path", [f"{LIST}/c1/audio", f"{LIST}/c1", "/v1/auth/me"])
async def test_nothing_else_is_compressed(rig: Rig, path: str) -> None:
    rig.converter.script = long_list
    _, headers, _ = await call(rig, "GET", path, **SIGNED_IN, **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in headers

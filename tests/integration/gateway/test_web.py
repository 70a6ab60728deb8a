"""The page at `/` and its assets: compressed as the client accepts, cached for ever or asked for anew, and
nothing from elsewhere.
"""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.gateway.rig import Rig, running

INDEX = b"<!doctype html><script type=module src=./assets/a-1.js></script>"
SCRIPT = b"console.log('one');" * 100


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[Rig]:
    (tmp_path / "assets").mkdir()
    for name, content in {"index.html": INDEX, "assets/a-1.js": SCRIPT}.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    (tmp_path / "assets/a-1.js.br").write_bytes(b"brotli")
    (tmp_path / "secret.txt").write_bytes(b"not an asset")
    async with running(page_folder=tmp_path) as rig:
        yield rig


async def test_the_page_allows_its_own_files_only_and_is_asked_for_anew(built: Rig) -> None:
    async with built.http.get(f"{built.url}/", headers={"Accept-Encoding": "identity"}) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert await answer.read() == INDEX
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert not re.search("unsafe|https?:|data:|\\*", answer.headers["Content-Security-Policy"])
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "public, max-age=0"
    etag = {"Accept-Encoding": "identity", "If-None-Match": answer.headers["ETag"]}
    async with built.http.get(f"{built.url}/", headers=etag) as again:
        assert (again.status, await again.read()) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("gzip;q=0.000", None),
        ("identity", None),
        ("br;q=nonsense", None),
    ],
)
async def test_an_asset_is_sent_in_the_best_coding_and_kept_for_ever(
    built: Rig, accepted: str, coding: str | None
) -> None:
    variants = {"br": b"brotli", "gzip": gzip.compress(SCRIPT), None: SCRIPT}
    request = built.http.get(
        f"{built.url}/assets/a-1.js", headers={"Accept-Encoding": accepted}, auto_decompress=False
    )
    async with request as answer:
        body = await answer.read()
        assert (answer.status, answer.content_type) == (200, "text/javascript")
    assert answer.headers.get("Content-Encoding") == coding
    assert body[10:] == variants[coding][10:]
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", ["a-2.js", "a-1.js.br", "..%2fsecret.txt", "..%2findex.html"])
async def test_what_is_no_asset_is_not_found(built: Rig, name: str) -> None:
    async with built.http.get(f"{built.url}/assets/{name}") as answer:
        assert answer.status in {400, 404}
        assert (await answer.json())["code"] in {"invalid_request", "not_found"}


async def test_without_a_build_the_gateway_works_and_says_what_is_missing(tmp_path: Path) -> None:
    async with running(page_folder=tmp_path) as rig:
        async with rig.http.get(f"{rig.url}/") as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "unavailable")
            assert "has not been built" in (await answer.json())["detail"]
        async with rig.http.get(f"{rig.url}/healthz") as answer:
            assert answer.status == 200

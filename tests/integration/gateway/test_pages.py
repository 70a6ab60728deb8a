"""Pages behind mailed links: self-contained, with a strict Content-Security-Policy."""

import base64
import hashlib
import re

import pytest

from tests.integration.gateway.rig import Rig

PAGES = {"/verify-email": "v1/auth/email/verify", "/reset-password": "v1/auth/password/reset"}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_runs_its_own_script_and_fetches_nothing(rig: Rig, path: str) -> None:
    async with rig.http.get(rig.url + path) as answer:
        page, headers = await answer.text(), answer.headers
        assert (answer.status, answer.content_type, answer.charset) == (200, "text/html", "utf-8")
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": f"'{_digest(page, 'script')}'",
        "style-src": f"'{_digest(page, 'style')}'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    loaded = re.sub(r'<a [^>]*href="\./">', "", page)  # links to the start page load nothing
    assert not re.search(r"\s(src|href|action|style|on[a-z]+)=", loaded), (
        "nothing from elsewhere, nothing inline"
    )
    assert "://" not in page


@pytest.mark.parametrize(("path", "call"), PAGES.items())
async def test_a_page_posts_the_secret_to_its_route(rig: Rig, path: str, call: str) -> None:
    async with rig.http.get(rig.url + path) as answer:
        page = await answer.text()
    assert f'data-call="{call}"' in page
    assert '<html lang="en">' in page
    for field in re.findall(r'<input id="(\w+)" name="\w+"', page):
        assert f'<label for="{field}">' in page
    assert page.count('type="password"') == 1


def _digest(page: str, element: str) -> str:
    found = re.search(f"<{element}>(.*)</{element}>", page, re.DOTALL)
    assert found is not None
    return "sha256-" + base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()

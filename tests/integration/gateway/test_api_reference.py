"""The page at `/schema` with the files of the API reference, where these have been built, and without."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.gateway.rig import Rig, running

MANIFEST = {
    "_shared.js": {"file": "assets/shared-1.js", "css": ["assets/shared-1.css"]},
    "index.html": {"file": "assets/index-1.js", "imports": ["_shared.js"], "css": ["assets/index-1.css"]},
    "src/icon.svg": {"file": "assets/icon-1.svg"},
    "src/reference/main.tsx": {
        "file": "assets/reference-1.js",
        "imports": ["_shared.js"],
        "css": ["assets/reference-1.css"],
    },
}
NAMES = ("icon-1.svg", "reference-1.css", "reference-1.js", "shared-1.css", "shared-1.js")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built page of files that are empty."""
    for name in ("index.html", *(f"assets/{each}" for each in NAMES), ".vite/manifest.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".vite/manifest.json").write_text(json.dumps(MANIFEST))
    return tmp_path


@pytest.fixture
async def built(folder: Path) -> AsyncIterator[Rig]:
    async with running(page_folder=folder) as rig:
        yield rig


async def page_of(rig: Rig) -> tuple[str, str]:
    """The page and its Content-Security-Policy."""
    async with rig.http.get(f"{rig.url}/schema") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        return await answer.text(), answer.headers["Content-Security-Policy"]


def loaded(page: str) -> list[str]:
    """Paths of the files that a browser loads with the page."""
    tags = re.findall(r"<(?:link|script)\b[^>]*>", page)
    return sorted(path for tag in tags for path in re.findall(r'(?:href|src)="([^"]+)"', tag))


async def test_the_page_loads_the_built_files_alone_which_are_kept_for_ever(built: Rig) -> None:
    page, _ = await page_of(built)
    assert loaded(page) == [f"/assets/{name}" for name in NAMES]
    for path in loaded(page):
        async with built.http.get(built.url + path) as answer:
            assert answer.status == 200, path
            assert answer.headers["Cache-Control"].endswith("immutable")


async def test_the_page_has_nothing_inline_and_its_policy_allows_nothing_inline(built: Rig) -> None:
    page, policy = await page_of(built)
    assert not re.search(r"<style| style=| on\w+=|javascript:", page)
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert not re.search("unsafe|nonce|sha256|https?:|data:|blob:|\\*", policy)


async def test_the_files_are_found_below_the_path_of_the_public_url(folder: Path) -> None:
    async with running(page_folder=folder, public_url="https://example.org/media/tools") as rig:
        page, _ = await page_of(rig)
    assert loaded(page) == [f"/media/tools/assets/{name}" for name in NAMES]
    assert '<a href="/media/tools/">' in page


async def test_without_a_build_the_page_is_complete_and_has_no_scripts(tmp_path: Path, folder: Path) -> None:
    async with running(page_folder=folder) as rig:
        built, _ = await page_of(rig)
    async with running(page_folder=tmp_path / "nowhere") as rig:
        page, policy = await page_of(rig)
    assert loaded(page) == []
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy
    assert page.partition("<body>")[2] == built.partition("<body>")[2]


async def test_the_page_shows_every_call_in_the_section_of_its_tag(built: Rig) -> None:
    page, _ = await page_of(built)
    async with built.http.get(f"{built.url}/schema/openapi.json") as answer:
        document = await answer.json(content_type=None)
    sections = dict(re.findall(r'<section id="(\w+)">(.*?)</section>', page, re.DOTALL))
    for path, item in document["paths"].items():
        for method, call in item.items():
            shown = f'id="call-{call["operationId"]}" data-method="{method}" data-path="{path}"'
            assert [tag for tag, text in sections.items() if shown in text] == call["tags"], (method, path)

"""Presets over HTTP, and their use by every kind of request that creates a conversion."""

import base64
from typing import Any

import aiohttp
import pytest

from tests.support.converter import ConverterApi

PATH = "/v1/presets"
VIDEO = b"video" * 1000


async def create(
    api: ConverterApi, name: str, *, default: bool = False, owner: str = "alice", **options: Any
) -> int:
    body = {"name": name, "options": options, "default": default}
    return (await api.call("POST", PATH, owner, json=body)).status


async def items(api: ConverterApi, owner: str = "alice") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await (await api.call("GET", PATH, owner)).json())["items"]
    return found


async def raw(api: ConverterApi, query: str) -> aiohttp.ClientResponse:
    return await api.upload(VIDEO, query)


async def form(api: ConverterApi, query: str) -> aiohttp.ClientResponse:
    """The fields stand behind the video."""
    data = aiohttp.FormData()
    data.add_field("file", VIDEO, filename="a.mp4")
    for pair in filter(None, query.split("&")):
        data.add_field(*pair.split("="))
    return await api.call("POST", "/v1/conversions", data=data)


async def again(api: ConverterApi, query: str) -> aiohttp.ClientResponse:
    """The video of an upload that uses no preset."""
    stored = await (await api.upload(VIDEO, "preset=")).json()
    body = {"source": stored["id"], **dict(pair.split("=") for pair in filter(None, query.split("&")))}
    return await api.call("POST", "/v1/conversions", json=body)


async def resumable(api: ConverterApi, query: str) -> aiohttp.ClientResponse:
    pairs = [pair.split("=") for pair in filter(None, query.split("&"))]
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in pairs)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(VIDEO)), "Upload-Metadata": metadata}
    return await api.call("POST", "/v1/uploads", headers=headers)


async def options_of(api: ConverterApi, answer: aiohttp.ClientResponse) -> dict[str, Any]:
    assert answer.status in {201, 202}, await answer.text()
    conversion_id = answer.headers["Location"].rpartition("/")[2]
    found: dict[str, Any] = (await (await api.call("GET", f"/v1/conversions/{conversion_id}")).json())[
        "options"
    ]
    return found


@pytest.mark.parametrize("send", [raw, form, again, resumable])
async def test_a_preset_completes_the_options_of_a_request(api: ConverterApi, send: Any) -> None:
    await create(api, "Voice", format="opus", bitrate="64k", channels=1)
    await create(api, "Usual", default=True, loudness=-16)
    named = await options_of(api, await send(api, "preset=Voice&channels=2"))
    assert (named["format"], named["bitrate"], named["channels"]) == ("opus", "64k", 2)
    assert "loudness" not in named
    usual = await options_of(api, await send(api, "channels=1"))
    assert (usual["format"], usual["loudness"], usual["channels"]) == ("mp3", -16, 1)
    assert "loudness" not in await options_of(api, await send(api, "preset="))


@pytest.mark.parametrize("send", [raw, form, again, resumable])
async def test_an_unknown_preset_is_refused_and_so_is_one_of_another_account(
    api: ConverterApi, send: Any
) -> None:
    await create(api, "Hers", owner="bob", channels=1)
    for name in ("Hers", "nothing"):
        answer = await send(api, f"preset={name}")
        problem = await answer.json(content_type=None)
        assert (answer.status, problem["errors"][0]["field"]) == (400, "preset")


async def test_presets_are_listed_changed_and_deleted_by_their_owner(api: ConverterApi) -> None:
    assert await create(api, "Voice_2-x", format="mp3", quality=2) == 201
    assert await create(api, "Second", default=True) == 201
    first = {"name": "Voice_2-x", "options": {"format": "mp3", "quality": 2}, "default": False}
    assert await items(api) == [{"name": "Second", "options": {}, "default": True}, first]
    path = f"{PATH}/Voice_2-x"
    changed = await api.call("PATCH", path, json={"default": True})
    assert await changed.json() == {**first, "default": True}
    assert [each["default"] for each in await items(api)] == [False, True]
    renamed = await api.call("PATCH", path, json={"name": "Voice", "options": {"channels": 1}})
    assert await renamed.json() == {"name": "Voice", "options": {"channels": 1}, "default": True}
    assert (await api.call("PATCH", path, json={})).status == 404
    assert (await api.call("DELETE", f"{PATH}/Voice", "bob")).status == 404
    assert (await api.call("DELETE", f"{PATH}/Voice")).status == 204
    assert (await api.call("DELETE", f"{PATH}/Voice")).status == 404
    assert [each["name"] for each in await items(api)] == ["Second"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "options": {}},
        {"name": "a/b", "options": {}},
        {"name": "..", "options": {}},
        {"name": "two words", "options": {}},
        {"name": "Müsli", "options": {}},
        {"name": "a\n", "options": {}},
        {"name": "x" * 65, "options": {}},
        {"name": "a", "options": {"bitrate": "1k"}},
        {"name": "a", "options": {"bitrate": "64k", "quality": 2}},
        {"name": "a", "options": {"channels": "1"}},
        {"name": "a", "options": {"unknown": 1}},
        {"name": "a"},
    ],
)
async def test_names_and_options_that_would_not_work_are_refused(
    api: ConverterApi, body: dict[str, Any]
) -> None:
    answer = await api.call("POST", PATH, json=body)
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (400, "invalid_request")
    assert await items(api) == []


async def test_a_name_that_is_taken_and_a_preset_too_many_are_conflicts(api: ConverterApi) -> None:
    for number in range(50):
        assert await create(api, f"p{number}") == 201
    assert await create(api, "more") == 409
    assert (await api.call("PATCH", f"{PATH}/p1", json={"name": "P2"})).status == 409

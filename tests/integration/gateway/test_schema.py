"""The OpenAPI document and its HTML page."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from shared.contracts.media_types import CONTAINERS, UNKNOWN
from tests.integration.gateway.rig import Rig, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

PUBLIC = {
    ("post", "/v1/auth/register"),
    ("post", "/v1/auth/login"),
    ("post", "/v1/auth/login/factor"),
    ("post", "/v1/auth/refresh"),
    ("get", "/v1/auth/oauth/{provider}/start"),
    ("get", "/v1/auth/oauth/{provider}/callback"),
    ("post", "/v1/auth/oauth/token"),
    ("post", "/v1/auth/browser/login"),
    ("post", "/v1/auth/browser/login/factor"),
    ("post", "/v1/auth/browser/login/provider"),
    ("post", "/v1/auth/browser/refresh"),
    ("post", "/v1/auth/password/forgot"),
    ("post", "/v1/auth/password/reset"),
    ("options", "/v1/uploads"),
    ("options", "/v1/uploads/{upload_id}"),
    ("get", "/v1/auth/oauth/providers"),
    ("get", "/.well-known/jwks.json"),
    ("get", "/healthz"),
    ("get", "/readyz"),
}
CLOSED = {
    ("post", "/v1/auth/logout"),
    ("post", "/v1/auth/browser/logout"),
    ("get", "/v1/auth/me"),
    ("patch", "/v1/auth/me"),
    ("delete", "/v1/auth/me"),
    ("post", "/v1/auth/password/change"),
    ("get", "/v1/auth/sessions"),
    ("delete", "/v1/auth/sessions/{session_id}"),
    ("post", "/v1/auth/api-keys"),
    ("get", "/v1/auth/api-keys"),
    ("delete", "/v1/auth/api-keys/{key_id}"),
    ("post", "/v1/auth/proof"),
    ("post", "/v1/auth/proof/options"),
    ("get", "/v1/auth/factors"),
    ("post", "/v1/auth/factors/totp"),
    ("post", "/v1/auth/factors/{factor_id}/confirm"),
    ("delete", "/v1/auth/factors/{factor_id}"),
    ("post", "/v1/auth/factors/recovery-codes"),
    ("post", "/v1/auth/factors/passkeys/options"),
    ("post", "/v1/auth/factors/passkeys"),
    ("get", "/v1/auth/activity"),
    ("get", "/v1/auth/identities"),
    ("delete", "/v1/auth/identities/{identity_id}"),
    ("post", "/v1/push-subscriptions"),
    ("get", "/v1/push-subscriptions"),
    ("get", "/v1/push-subscriptions/key"),
    ("delete", "/v1/push-subscriptions/{subscription_id}"),
    ("get", "/v1/admin/overview"),
    ("get", "/v1/admin/users"),
    ("patch", "/v1/admin/users/{user_id}"),
    ("get", "/v1/admin/audit"),
    ("get", "/v1/admin/conversions"),
    ("get", "/v1/admin/dead-letters"),
    ("get", "/v1/admin/dead-letters/{letter_id}"),
    ("post", "/v1/admin/dead-letters/{letter_id}/replay"),
    ("delete", "/v1/admin/dead-letters/{letter_id}"),
    ("post", "/v1/conversions"),
    ("get", "/v1/conversions"),
    ("get", "/v1/conversions/{conversion_id}"),
    ("patch", "/v1/conversions/{conversion_id}"),
    ("delete", "/v1/conversions/{conversion_id}"),
    ("post", "/v1/webhooks"),
    ("get", "/v1/webhooks"),
    ("get", "/v1/webhooks/{webhook_id}"),
    ("patch", "/v1/webhooks/{webhook_id}"),
    ("delete", "/v1/webhooks/{webhook_id}"),
    ("post", "/v1/webhooks/{webhook_id}/secret"),
    ("post", "/v1/webhooks/{webhook_id}/test"),
    ("get", "/v1/webhooks/{webhook_id}/deliveries"),
    ("post", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay"),
    ("get", "/v1/conversions/{conversion_id}/events"),
    ("get", "/v1/presets"),
    ("post", "/v1/presets"),
    ("patch", "/v1/presets/{name}"),
    ("delete", "/v1/presets/{name}"),
    ("post", "/v1/conversions/bulk"),
    ("post", "/v1/conversions/archive"),
    ("get", "/v1/conversions/{conversion_id}/waveform"),
    ("get", "/v1/conversions/{conversion_id}/chapters"),
    ("post", "/v1/conversions/{conversion_id}/cancel"),
    ("post", "/v1/conversions/{conversion_id}/retry"),
    ("post", "/v1/conversions/{conversion_id}/link"),
    ("delete", "/v1/conversions/{conversion_id}/link"),
    ("post", "/v1/uploads"),
    ("head", "/v1/uploads/{upload_id}"),
    ("patch", "/v1/uploads/{upload_id}"),
    ("delete", "/v1/uploads/{upload_id}"),
}
AUDIO = {
    ("get", "/v1/conversions/{conversion_id}/audio"),
    ("head", "/v1/conversions/{conversion_id}/audio"),
    ("get", "/v1/conversions/archive"),
}
EITHER = {("post", "/v1/auth/email/resend"), ("post", "/v1/auth/email/verify")}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig() -> AsyncIterator[Rig]:
    """The gateway of this module, which serves its OpenAPI document."""
    async with running(rate_default="100000/hour", rate_login="100000/hour") as rig:
        yield rig


async def document(rig: Rig) -> dict[str, Any]:
    async with rig.http.get(f"{rig.url}/schema/openapi.json") as answer:
        assert answer.status == 200
        found: dict[str, Any] = await answer.json(content_type=None)
        return found


def operations(found: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(method, path): call for path, item in found["paths"].items() for method, call in item.items()}


async def test_every_public_route_is_documented_with_its_security(rig: Rig) -> None:
    found = await document(rig)
    calls = operations(found)
    assert found["openapi"].startswith("3.1")
    assert set(calls) == PUBLIC | CLOSED | AUDIO | EITHER
    assert {name for name, call in calls.items() if call.get("security") == [{"bearer": []}]} == CLOSED
    assert {
        name for name, call in calls.items() if call.get("security") == [{"bearer": []}, {}]
    } == AUDIO | EITHER
    assert found["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_documented_security_matches_the_guards(rig: Rig) -> None:
    for method, path in CLOSED | AUDIO:
        async with rig.http.request(method, rig.url + re.sub("{[a-z_]+}", "x1", path)) as answer:
            assert answer.status == 401, (method, path)
    for method, path in PUBLIC:
        async with rig.http.request(method, rig.url + path) as answer:
            assert answer.status != 401, (method, path)


async def test_every_refusal_is_described_as_a_problem(rig: Rig) -> None:
    for name, call in operations(await document(rig)).items():
        for status, answer in call["responses"].items():
            if int(status) >= 400:
                assert set(answer["content"]) == {"application/problem+json"}, (name, status)


async def test_every_creating_route_takes_an_idempotency_key(rig: Rig) -> None:
    for name, call in operations(await document(rig)).items():
        if name[0] == "post" and "201" in call["responses"]:
            names = {entry["name"] for entry in call.get("parameters", ())}
            assert "Idempotency-Key" in names, name
            assert "422" in call["responses"], name


async def test_readiness_is_documented_with_both_responses(rig: Rig) -> None:
    ready = operations(await document(rig))["get", "/readyz"]["responses"]
    assert ready["200"]["content"]["application/json"]["schema"]["$ref"].endswith("Ready")
    assert ready["503"]["content"]["application/problem+json"]["schema"]["$ref"].endswith("Problem")


async def test_the_parameters_of_a_path_have_its_order(rig: Rig) -> None:
    for path, item in (await document(rig))["paths"].items():
        for call in item.values():
            named = [each["name"] for each in call.get("parameters", []) if each["in"] == "path"]
            assert named == re.findall(r"\{(\w+)\}", path), path


async def test_an_upload_is_documented_in_all_forms(rig: Rig) -> None:
    upload = operations(await document(rig))["post", "/v1/conversions"]
    content = upload["requestBody"]["content"]
    raw = {"video/*", "audio/*", "application/octet-stream"}
    assert set(content) == {"multipart/form-data", "application/json", *raw}
    described = upload["requestBody"]["description"]
    assert all(f"`{kind}`" in described for kind in CONTAINERS | UNKNOWN if kind)
    assert "file" in content["multipart/form-data"]["schema"]["required"]
    options = {
        "format",
        "bitrate",
        "quality",
        "sample_rate",
        "channels",
        "start",
        "end",
        "audio_track",
        "title",
        "artist",
        "album",
        "loudness",
        "cover",
    }
    headers = {"Idempotency-Key", "Content-Digest"}
    assert {entry["name"] for entry in upload["parameters"]} == {"filename", "preset", *options, *headers}
    assert set(content["multipart/form-data"]["schema"]["properties"]) == {"file", "preset", *options}
    again = content["application/json"]["schema"]
    assert (set(again["properties"]), again["required"]) == ({"source", "preset", *options}, ["source"])
    assert "202" in upload["responses"]


async def test_the_page_is_public_and_self_contained(rig: Rig) -> None:
    async with rig.http.get(f"{rig.url}/schema") as answer:
        page = await answer.text()
        assert (answer.status, answer.content_type) == (200, "text/html")
    assert not any(re.findall(r"<script[^>]*>([^<]*)</script>", page))
    assert "://" not in page.replace(rig.url, "").replace("http://127.0.0.1:8000", "")
    for _, path in PUBLIC | CLOSED | AUDIO:
        assert path in page


@pytest.mark.parametrize("path", ["/schema/nowhere", "/schema/nowhere.json"])
async def test_unknown_paths_below_the_schema_are_problems(rig: Rig, path: str) -> None:
    async with rig.http.get(rig.url + path) as answer:
        problem = await answer.json(content_type="application/problem+json")
        assert (answer.status, problem["code"], problem["status"]) == (404, "not_found", 404)

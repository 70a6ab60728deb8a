"""Every route with an id, requested by another account (ASVS 5.0 §8.2.2).

The routes are those of the OpenAPI document. A new route with a known kind of id is tested without further
work; a new kind of id needs a row in `OWNED`, `RESERVED`, `WITHIN` or `NAMES`, otherwise a test fails. Rows
without routes are ignored.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from auth_service.database.connection import one_connection
from shared.settings import Secret
from tests.support.client import Person, signed_in, visiting
from tests.support.media import Media
from tests.support.push_service import BrowserOfTheTest
from tests.support.system import System

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARAMETER = re.compile(r"\{([a-z_]+)\}")
NOBODY_S = ("0" * 32, "00000000-0000-4000-8000-000000000000")
# Bodies that a route validates before the id.
BODIES: dict[str, Any] = {
    "change_user": {"disabled": True},
    "confirm_factor": {"code": "123456"},
    "change_webhook": {"url": "https://evil.example.org/hook"},
    "change_conversion": {"title": "Mine"},
    "change_preset": {"default": True},
    "link_audio": {"expires_in": 60},
}
HEADERS: dict[str, dict[str, str]] = {
    "upload_state": {"Tus-Resumable": "1.0.0"},
    "terminate_upload": {"Tus-Resumable": "1.0.0"},
    "append_to_upload": {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    },
}


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    operation: str

    @property
    def parameters(self) -> list[str]:
        return PARAMETER.findall(self.path)

    async def asked(self, person: Person, **ids: str) -> httpx.Response:
        """Requests the route; ids that are not given are random."""
        path = self.path.format(**dict.fromkeys(self.parameters, NOBODY_S[0]) | ids)
        body, headers = BODIES.get(self.operation), HEADERS.get(self.operation, {})
        return await person.request(self.method, path, json=body, headers=headers)


@dataclass
class Scene:
    """An owner with one resource of each kind, another account, and an API key of that account."""

    owner: Person
    stranger: Person
    program: Person
    anonymous: Person
    routes: list[Route]
    database_url: str
    media: Media
    ids: dict[str, str] = field(default_factory=dict)

    def routes_to(self, parameter: str) -> list[Route]:
        found = [route for route in self.routes if parameter in route.parameters]
        if not found:
            pytest.skip("there is no such route")
        return found

    async def id_of(self, parameter: str) -> str:
        """Returns the owner's id of this kind, created at first use."""
        if parameter not in self.ids:
            make, _ = OWNED[parameter]
            self.ids[parameter] = await make(self)
        return self.ids[parameter]


async def a_conversion(scene: Scene) -> str:
    accepted = (await scene.owner.upload(scene.media.video(seconds=1))).raise_for_status()
    return str((await scene.owner.finished(accepted.json()["id"]))["id"])


async def a_session(scene: Scene) -> str:
    [own] = (await scene.owner.get("/v1/auth/sessions")).json()["items"]
    return str(own["id"])


async def an_api_key(scene: Scene) -> str:
    return str((await scene.owner.post("/v1/auth/api-keys", name="mine")).json()["id"])


async def an_identity(scene: Scene) -> str:
    """Inserts an identity as a provider login does."""
    async with one_connection(Secret(scene.database_url), command_s=10) as connection:
        linked = text(
            "INSERT INTO auth.identities VALUES ('https://issuer.example', :subject, :owner, now(), now())"
        )
        owner = UUID(scene.ids["user_id"])
        await connection.execute(linked, {"subject": scene.owner.email, "owner": owner})
    [own] = (await scene.owner.get("/v1/auth/identities")).json()["items"]
    return str(own["id"])


async def an_upload(scene: Scene) -> str:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "1000"}
    begun = (await scene.owner.request("POST", "/v1/uploads", headers=headers)).raise_for_status()
    return begun.headers["location"].rpartition("/")[2]


async def a_webhook(scene: Scene) -> str:
    made = await scene.owner.post("/v1/webhooks", url="https://hooks.example.org/tonegate")
    return str(made.raise_for_status().json()["id"])


async def a_push_subscription(scene: Scene) -> str:
    body = BrowserOfTheTest("https://push.example.org/owner").subscription
    made = await scene.owner.request("POST", "/v1/push-subscriptions", json=body)
    return str(made.raise_for_status().json()["id"])


async def a_preset(scene: Scene) -> str:
    made = await scene.owner.post("/v1/presets", name="mine", options={"channels": 1})
    return str(made.raise_for_status().json()["name"])


async def preset_is_there(scene: Scene) -> bool:
    return scene.ids["name"] in (await scene.owner.get("/v1/presets")).text


async def a_factor(scene: Scene) -> str:
    """An authenticator app that is not confirmed, so that a password alone still signs in."""
    return str((await scene.owner.post("/v1/auth/factors/totp")).json()["id"])


async def factor_is_there(scene: Scene) -> bool:
    factors = (await scene.owner.get("/v1/auth/factors")).json()["items"]
    return scene.ids["factor_id"] in {each["id"] for each in factors}


async def upload_is_there(scene: Scene) -> bool:
    headers = {"Tus-Resumable": "1.0.0"}
    path = f"/v1/uploads/{scene.ids['upload_id']}"
    return (await scene.owner.request("HEAD", path, headers=headers)).is_success


async def webhook_is_there(scene: Scene) -> bool:
    return scene.ids["webhook_id"] in (await scene.owner.get("/v1/webhooks")).text


async def push_subscription_is_there(scene: Scene) -> bool:
    return scene.ids["subscription_id"] in (await scene.owner.get("/v1/push-subscriptions")).text


async def identity_is_there(scene: Scene) -> bool:
    linked = (await scene.owner.get("/v1/auth/identities")).json()["items"]
    return scene.ids["identity_id"] in {each["id"] for each in linked}


async def conversion_is_there(scene: Scene) -> bool:
    return (await scene.owner.audio(scene.ids["conversion_id"])).status_code == 200


async def session_is_there(scene: Scene) -> bool:
    return (await scene.owner.get("/v1/auth/me")).status_code == 200


async def api_key_is_there(scene: Scene) -> bool:
    keys = (await scene.owner.get("/v1/auth/api-keys")).json()["items"]
    return scene.ids["key_id"] in {each["id"] for each in keys}


Make = Callable[[Scene], Awaitable[str]]
IsThere = Callable[[Scene], Awaitable[bool]]

OWNED: dict[str, tuple[Make, IsThere]] = {
    "conversion_id": (a_conversion, conversion_is_there),
    "session_id": (a_session, session_is_there),
    "key_id": (an_api_key, api_key_is_there),
    "factor_id": (a_factor, factor_is_there),
    "identity_id": (an_identity, identity_is_there),
    "name": (a_preset, preset_is_there),
    "upload_id": (an_upload, upload_is_there),
    "subscription_id": (a_push_subscription, push_subscription_is_there),
    "webhook_id": (a_webhook, webhook_is_there),
}
"""Kind of id → how an account creates one, and how it checks that it still exists."""

RESERVED = {"user_id", "letter_id"}
"""For administrators alone, whatever the id."""

WITHIN = {"delivery_id"}
"""Found beneath an id of the table above only."""

NAMES = {"provider"}
"""Path parameters that are names and belong to no account."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(system: System, media: Media) -> AsyncIterator[Scene]:
    async with visiting(system.url) as http:
        owner, stranger = await signed_in(http), await signed_in(http)
        made = (await stranger.post("/v1/auth/api-keys", name="theirs")).json()
        program = Person(http, tokens={"access_token": made["key"]})
        document = (await http.get("/schema/openapi.json")).json()
        scene = Scene(
            owner, stranger, program, Person(http), routes(document), system.stack.postgres.url(), media
        )
        scene.ids["user_id"] = (await owner.get("/v1/auth/me")).json()["id"]
        yield scene


def routes(document: Any) -> list[Route]:
    return [
        Route(method.upper(), path, operation["operationId"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"get", "head", "post", "put", "patch", "delete"} and PARAMETER.search(path)
    ]


async def test_every_route_with_an_id_is_covered(scene: Scene) -> None:
    named = {parameter for route in scene.routes for parameter in route.parameters}
    assert named <= OWNED.keys() | RESERVED | WITHIN | NAMES
    assert named >= {"conversion_id", "session_id", "key_id", "identity_id", "user_id"}
    for route in scene.routes:
        first, *others = route.parameters
        assert first not in WITHIN
        assert set(others) <= WITHIN, route


@pytest.mark.parametrize("parameter", OWNED)
async def test_resources_of_other_accounts_are_not_found(scene: Scene, parameter: str) -> None:
    """The response equals that for an unknown id, so that existence is not revealed."""
    for route in scene.routes_to(parameter):
        identity = await scene.id_of(parameter)
        theirs = await route.asked(scene.stranger, **{parameter: identity})
        unknown = await route.asked(scene.stranger, **{parameter: like(identity)})
        assert (theirs.status_code, unknown.status_code) == (404, 404), route
        assert comparable(theirs) == comparable(unknown), route
    _, is_there = OWNED[parameter]
    assert await is_there(scene)


@pytest.mark.parametrize("parameter", OWNED)
async def test_api_keys_and_anonymous_clients_are_refused_too(scene: Scene, parameter: str) -> None:
    for route in scene.routes_to(parameter):
        identity = await scene.id_of(parameter)
        by_program = await route.asked(scene.program, **{parameter: identity})
        assert by_program.status_code in {403, 404}, route
        by_anonymous = await route.asked(scene.anonymous, **{parameter: identity})
        assert by_anonymous.status_code == 401, route
    _, is_there = OWNED[parameter]
    assert await is_there(scene)


@pytest.mark.parametrize("parameter", sorted(RESERVED))
async def test_administration_routes_reveal_nothing_to_other_users(scene: Scene, parameter: str) -> None:
    for route in scene.routes_to(parameter):
        real = scene.ids.get(parameter, NOBODY_S[0])
        for identity in (real, like(real)):
            for person in (scene.stranger, scene.program, scene.owner):
                assert (await route.asked(person, **{parameter: identity})).status_code == 403, route
            assert (await route.asked(scene.anonymous, **{parameter: identity})).status_code == 401, route
    assert await session_is_there(scene)


async def test_lists_contain_the_callers_resources_only(scene: Scene) -> None:
    lists = ("/v1/conversions", "/v1/auth/sessions", "/v1/auth/api-keys", "/v1/auth/identities")
    for path in lists:
        listed = (await scene.stranger.get(path)).text
        assert not [identity for identity in scene.ids.values() if identity in listed], path
    assert scene.stranger.email not in (await scene.owner.get("/v1/conversions")).text


def like(identity: str) -> str:
    """Returns an unknown id of the same form."""
    return next((each for each in NOBODY_S if len(each) == len(identity)), NOBODY_S[0])


def comparable(answer: httpx.Response) -> dict[str, Any]:
    """Returns the response without the parts that differ in every request."""
    body = answer.json() if answer.content else {}
    return {name: value for name, value in body.items() if name not in {"request_id", "instance"}}

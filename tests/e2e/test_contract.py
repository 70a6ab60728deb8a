"""The running system conforms to its OpenAPI document: schemathesis and a generated client."""

import asyncio
import importlib
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from devstack.home import REPOSITORY
from tests.support.client import PASSWORD, Person
from tests.support.media import Media
from tests.support.system import System

TOOLS = Path(sys.executable).parent
WITHIN_S = 560

# Valid by the schema and still rejected: common passwords, bytes that are no video, contradictory options,
# reused keys, incomplete signatures, unknown tokens and cursors, past times, wrong passwords (and too many of
# them), forbidden addresses, credentials of passkeys that answer no challenge.
RULES = """
[[operations]]
include-name = "POST /v1/auth/register"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 409, 422]

[[operations]]
include-name = "POST /v1/conversions"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404, 409, 410, 415, 422]

[[operations]]
include-path-regex = "/(cancel|retry|link)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404, 409, 410, 422]

[[operations]]
include-path-regex = "/audio$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", 400, 401, 404, 409, 416]

[[operations]]
include-path-regex = "/(waveform|chapters|archive)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 404, 409, 410, 422]

[[operations]]
include-path-regex = "/(me|email/resend|password/forgot)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 409, 429]

[[operations]]
include-path-regex = "^/v1/presets"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404, 409, 422]

[[operations]]
include-path-regex = "/bulk$"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 409, 422, 429]

[[operations]]
include-name = "POST /v1/auth/api-keys"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 409, 422, 429]

[[operations]]
include-name = "GET /v1/auth/activity"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400]

[[operations]]
include-path-regex = "^/v1/uploads"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404, 409, 410, 413, 415, 422, 423, 460]
checks.negative_data_rejection.expected-statuses = [400, 401, 404, 405, 409, 412, 413, 415, 422, 460]
checks.missing_required_header.expected-statuses = [400, 401, 412, 415]

[[operations]]
include-path-regex = "/(email/verify|password/reset|oauth/token)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 422]

[[operations]]
include-path-regex = "^/v1/auth/(login/factor|proof|proof/options)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 409, 429]

[[operations]]
include-name = "POST /v1/push-subscriptions"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 409, 422]

[[operations]]
include-path-regex = "^/v1/auth/factors"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 422, 429]
"""

# Parameters that need existing ids: others get 404.
REAL_ONE = """
[[operations]]
include-name = "GET /v1/conversions/{conversion_id}"
parameters."path.conversion_id" = "CONVERSION"

[[operations]]
include-name = "GET /v1/conversions/{conversion_id}/events"
parameters."path.conversion_id" = "CONVERSION"

[[operations]]
include-path-regex = "/(waveform|chapters)$"
parameters."path.conversion_id" = "CONVERSION"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 404, 409, 410]

[[operations]]
include-name = "GET /v1/conversions/{conversion_id}/audio"
parameters."path.conversion_id" = "CONVERSION"
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", 400, 401, 404, 409, 416]
"""

# Generated URLs mostly point to addresses that webhooks may not use.
WEBHOOKS = """
[[operations]]
include-path-regex = "^/v1/webhooks"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 404, 409, 422, 429]
"""
REAL_WEBHOOK = """
[[operations]]
include-path-regex = "^/v1/webhooks/{webhook_id}(/test|/deliveries|/secret)?$"
exclude-method = "DELETE"
parameters."path.webhook_id" = "WEBHOOK"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 404, 409, 422, 429]
"""

# The generator does not support wildcards; all three are binary.
GENERATOR = """
project_name_override: generated_client
package_name_override: generated_client
content_type_overrides:
  "application/offset+octet-stream": application/octet-stream
  "video/*": application/octet-stream
  "audio/*": application/octet-stream
  "application/zip": application/octet-stream
"""


async def ran(*command: str, cwd: Path) -> tuple[int, str]:
    """Returns exit code and output of a command."""
    environment = {
        **os.environ,
        "PATH": f"{TOOLS}:{os.environ['PATH']}",
        "NO_COLOR": "1",
        "PYTHONPATH": str(REPOSITORY),
        "SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks",
    }
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=environment, stdout=PIPE, stderr=STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode(errors="replace")


@pytest.fixture
async def person(http: httpx.AsyncClient) -> Person:
    """Registers an account with a password other than the document's example, which could delete it."""
    account = Person(http, password="only this person knows it")
    assert (await account.register()).status_code == 201
    assert (await account.sign_in()).status_code == 200
    return account


@pytest.fixture
async def document(http: httpx.AsyncClient) -> Any:
    return (await http.get("/schema/openapi.json")).json()


async def test_the_document_is_valid(document: Any) -> None:
    validate(document)


async def explored(system: System, person: Person, cwd: Path, *options: str) -> None:
    """Runs schemathesis, which must find nothing; deterministic, so that failures are repeatable."""
    code, said = await ran(
        *(str(TOOLS / "schemathesis"), "--config-file", "rules.toml"),
        *("run", f"{system.url}/schema/openapi.json", "--checks", "all", "--generation-deterministic"),
        *("-H", f"Authorization: {person.headers['Authorization']}", *options),
        cwd=cwd,
    )
    assert code == 0, said


# Would end the session of the test.
SIGNING_OUT = "^/v1/auth/(logout|sessions/)"
BUT_SIGNING_OUT = ("--exclude-path-regex", SIGNING_OUT)
ABOUT_WEBHOOKS = "^/v1/webhooks"


async def test_each_call_returns_a_documented_response(
    system: System, person: Person, media: Media, tmp_path: Path
) -> None:
    accepted = await person.upload(media.video(seconds=1))
    conversion = await person.finished(accepted.json()["id"])
    (tmp_path / "rules.toml").write_text(RULES + REAL_ONE.replace("CONVERSION", conversion["id"]))
    phases = ("--phases", "examples,coverage,fuzzing", "--max-examples", "8")
    rest = ("--exclude-path-regex", f"{SIGNING_OUT}|{ABOUT_WEBHOOKS}")
    await explored(system, person, tmp_path, *phases, *rest)


async def test_each_webhook_call_returns_a_documented_response(
    system: System, person: Person, tmp_path: Path
) -> None:
    made = (await person.post("/v1/webhooks", url="https://example.com/hook")).json()
    (tmp_path / "rules.toml").write_text(WEBHOOKS + REAL_WEBHOOK.replace("WEBHOOK", made["id"]))
    few = ("--phases", "examples,coverage")
    await explored(system, person, tmp_path, *few, "--include-path-regex", ABOUT_WEBHOOKS)


async def test_linked_calls_return_documented_responses(
    system: System, person: Person, tmp_path: Path
) -> None:
    (tmp_path / "rules.toml").write_text(RULES + WEBHOOKS)
    # The stored response of an Idempotency-Key stays the same after its resource was deleted.
    repeated = ("--exclude-checks", "ensure_resource_availability")
    phases = ("--phases", "stateful", "--max-examples", "10", *repeated)
    await explored(system, person, tmp_path, *phases, *BUT_SIGNING_OUT)


async def test_logout_returns_a_documented_response(system: System, person: Person, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES)
    once = ("--phases", "coverage,fuzzing", "--max-examples", "5", "--exclude-checks", "ignored_auth")
    await explored(system, person, tmp_path, *once, "--include-path-regex", SIGNING_OUT)


@pytest.fixture
async def generated(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the generated package `generated_client`."""
    (tmp_path / "generator.yaml").write_text(GENERATOR)
    code, said = await ran(
        *(str(TOOLS / "openapi-python-client"), "generate", "--meta", "none"),
        *("--url", f"{system.url}/schema/openapi.json", "--config", "generator.yaml"),
        *("--output-path", "generated_client"),
        cwd=tmp_path,
    )
    assert code == 0, said
    assert "WARNING" not in said
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture
def imported(generated: Path) -> Iterator[ModuleType]:
    """Imports the generated package, and removes it from `sys.modules` afterwards."""
    yield importlib.import_module("generated_client")
    for name in [name for name in sys.modules if name.partition(".")[0] == "generated_client"]:
        del sys.modules[name]


async def test_a_generated_client_registers_signs_in_and_lists(
    imported: ModuleType, system: System, http: httpx.AsyncClient
) -> None:
    def part(name: str) -> Any:
        return importlib.import_module(f"{imported.__name__}.{name}")

    models, calls = part("models"), "api.accounts"
    email = Person(http).email
    async with imported.Client(base_url=system.url) as client:
        account = await part(f"{calls}.register").asyncio(
            client=client, body=models.Registration(email=email, password=PASSWORD)
        )
        assert (account.email, account.roles) == (email, ["user"])
        tokens = await part(f"{calls}.login").asyncio(
            client=client, body=models.SignIn(email=email, password=PASSWORD)
        )
        refused = await part(f"{calls}.login").asyncio(
            client=client, body=models.SignIn(email=email, password="wrong")
        )
        assert refused.code == "invalid_credentials"
    uploaded = await (await signed_in_as(http, email)).upload_raw(b"not a video, but some bytes" * 100)
    async with imported.AuthenticatedClient(base_url=system.url, token=tokens.access_token) as client:
        page = await part("api.conversions.list_conversions").asyncio(client=client)
        assert [conversion.id for conversion in page.items] == [uploaded.json()["id"]]


async def signed_in_as(http: httpx.AsyncClient, email: str) -> Person:
    person = Person(http, email)
    (await person.sign_in()).raise_for_status()
    return person

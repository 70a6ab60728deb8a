"""Every import contract fails when it is broken: a rule that cannot fail would be none."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

# Contract → a file, and an import there that must not be.
OFFENCES = {
    "Services stand alone between what tests them and what they share": (
        "gateway/settings.py",
        "import auth_service.settings",
    ),
    "Event contracts need msgspec and nothing else": ("shared/contracts/events.py", "import litestar"),
    "Only the RabbitMQ adapter speaks AMQP": ("shared/messaging/outbox.py", "import aio_pika"),
    "The gateway's modules do not know each other": (
        "gateway/modules/auth/login.py",
        "import gateway.modules.conversions.documents",
    ),
    "Gateway: layers": ("gateway/proxy/relay.py", "import gateway.clients.auth"),
    "Gateway: layers of the service clients": (
        "gateway/clients/auth.py",
        "import gateway.clients.audit_log",
    ),
    "Gateway: layers of the proxy": ("gateway/proxy/download.py", "import gateway.proxy.relay"),
    "Gateway: layers of authentication": (
        "gateway/identity/principal.py",
        "import gateway.identity.token_cache",
    ),
    "Gateway: layers of the limits": ("gateway/limits/windows.py", "import gateway.limits.rate_limit"),
    "Gateway: layers of idempotency": (
        "gateway/idempotency/store.py",
        "import gateway.idempotency.service",
    ),
    "Gateway: layers of the OpenAPI document": (
        "gateway/openapi/document.py",
        "import gateway.openapi.config",
    ),
    "Gateway: middleware classes are independent of each other": (
        "gateway/middleware/cors.py",
        "import gateway.middleware.tus",
    ),
    "auth_service: features above storage, leaves at the bottom": (
        "auth_service/models.py",
        "import auth_service.sessions.service",
    ),
    "auth_service: formats, policies and settings of providers are free of drivers": (
        "auth_service/passwords/policy.py",
        "import sqlalchemy",
    ),
    "auth_service: SQL only in repositories": ("auth_service/sessions/service.py", "import sqlalchemy"),
    "The converter's imports point from processes to features to the domain": (
        "converter_service/conversions/model.py",
        "import converter_service.jobs.job",
    ),
    "The converter's domain and services need no framework and no driver": (
        "converter_service/conversions/service.py",
        "import pymongo",
    ),
    "Only composition roots import storage, ffmpeg and the sandbox": (
        "converter_service/conversions/service.py",
        "import converter_service.storage.gridfs",
    ),
    "Webhooks are decided without a framework and a driver": (
        "notification_service/webhooks/service.py",
        "import aiohttp",
    ),
    "The letters need no server": ("notification_service/email/templates.py", "import aiosmtplib"),
}


def test_every_contract_has_its_offence() -> None:
    assert {contract["name"] for contract in CONFIGURATION["contracts"]} == set(OFFENCES)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources alone, where an offence harms nobody."""
    target = tmp_path_factory.mktemp("tree")
    for package in CONFIGURATION["root_packages"]:
        shutil.copytree(ROOT / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


@pytest.mark.parametrize("name", OFFENCES)
def test_a_contract_fails_when_it_is_broken(copy: Path, name: str) -> None:
    file, offence = OFFENCES[name]
    path = copy / file
    honest = path.read_text()
    path.write_text(f"{honest}\n{offence}\n")
    try:
        report = _lint(copy)
    finally:
        path.write_text(honest)
    assert f"{name} BROKEN" in report


def _lint(tree: Path) -> str:
    """What `lint-imports` says of a tree; never of this one."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=240, check=False)
    return done.stdout

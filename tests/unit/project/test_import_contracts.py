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
        "gateway/modules/auth/schemas.py",
        "import gateway.modules.conversions.documents",
    ),
    "The gateway's arrows point to its core": ("gateway/core/relay.py", "import gateway.clients.auth"),
    "The accounts' arrows point to the tables and the pure leaves": (
        "auth_service/models.py",
        "import auth_service.service",
    ),
    "Signing in with providers goes from the protocol's parts to one service": (
        "auth_service/oauth/one_time.py",
        "import auth_service.oauth.sign_in",
    ),
    "Passwords and tokens are pure": ("auth_service/passwords.py", "import sqlalchemy"),
    "Only rows speak SQL about accounts": ("auth_service/sessions.py", "import sqlalchemy"),
    "The converter's arrows point to its states and formats": (
        "converter_service/conversion.py",
        "import converter_service.service",
    ),
    "What the converter decides needs no framework and no driver": (
        "converter_service/service.py",
        "import pymongo",
    ),
    "Only composition roots know the converter's adapters": (
        "converter_service/service.py",
        "import converter_service.adapters.gridfs",
    ),
    "Notification layers": ("notification_service/retry.py", "import notification_service.settings"),
    "Notification email layers": (
        "notification_service/email/links.py",
        "import notification_service.email.templates",
    ),
    "Notification webhook layers": (
        "notification_service/webhooks/endpoint.py",
        "import notification_service.webhooks.service",
    ),
    "Notification outbound HTTP layers": (
        "notification_service/webhooks/outbound/address_policy.py",
        "import notification_service.webhooks.outbound.url_policy",
    ),
    "Email logic imports no framework and no driver": (
        "notification_service/email/templates.py",
        "import aiosmtplib",
    ),
    "Webhook logic imports no framework and no driver": (
        "notification_service/webhooks/service.py",
        "import aiohttp",
    ),
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

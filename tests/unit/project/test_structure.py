"""The source tree keeps its layout: paths named by feature, small files and functions, nouns as names."""

from collections.abc import Mapping
from pathlib import Path

from tests.unit.project.structure import (
    activity_names,
    crowded_roots,
    files_of,
    long_functions,
    missing_nouns,
    modules_of,
    size_problems,
)

ROOT = Path(__file__).parents[3]
SERVICES = ("gateway", "auth_service", "converter_service", "notification_service")
PACKAGES = (*SERVICES, "shared", "backup", "devstack", "deploy", "bench", "client")
FILES = files_of(ROOT)
SOURCES = modules_of(FILES, PACKAGES)
# Noun → the service where a reader would look for it.
NOUNS: Mapping[str, str] = {
    "quota": "converter_service",
    "retry": "converter_service",
    "retention": "converter_service",
    "lease": "converter_service",
    "state machine": "converter_service",
    "transition": "converter_service",
    "sandbox": "converter_service",
    "introspection": "auth_service",
    "login": "auth_service",
    "register": "auth_service",
    "password reset": "auth_service",
    "refresh token": "auth_service",
    "api key": "auth_service",
    "webhook": "notification_service",
    "email": "notification_service",
    "idempotency": "converter_service",
    "rate limit": "gateway",
    "range": "converter_service",
    "multipart": "converter_service",
    "tus": "converter_service",
    "progress": "converter_service",
    "cover": "converter_service",
    "loudness": "converter_service",
    "chapter": "converter_service",
    "dead letter": "converter_service",
    "outbox": "shared",
    "audit": "auth_service",
}


def test_each_feature_is_found_by_the_path_of_its_name() -> None:
    assert missing_nouns(FILES, NOUNS) == []


def test_files_are_short() -> None:
    assert size_problems(ROOT, SOURCES) == []


def test_functions_are_short() -> None:
    assert long_functions(ROOT, SOURCES) == []


def test_modules_are_named_by_nouns() -> None:
    assert activity_names(SOURCES) == []


def test_a_service_has_about_twenty_entries_at_its_root() -> None:
    assert crowded_roots(FILES, SERVICES) == []

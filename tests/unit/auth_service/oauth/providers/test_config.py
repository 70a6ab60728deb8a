"""Provider settings: accepted values, and error messages without secrets."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from auth_service.oauth.providers.config import is_allowed_url, is_redirect_target
from auth_service.settings import AuthSettings
from shared.settings import SettingsError, load

REQUIRED = {
    "AUTH_DATABASE_URL": "postgresql://x",
    "AUTH_DATA_KEYS": "x" * 43,
    "AUTH_INTROSPECTION_SECRET": "x" * 16,
    "AMQP_URL": "amqp://x",
}
CORP = {
    "name": "corp",
    "issuer": "https://login.corp.example",
    "client_id": "tonegate",
    "client_secret": "s3cr3t-0f-0urs",
}


def loaded(**variables: str) -> AuthSettings:
    return load(AuthSettings, {**REQUIRED, **variables})


def named(*providers: Mapping[str, object]) -> AuthSettings:
    return loaded(AUTH_OAUTH_PROVIDERS=json.dumps(providers))


def test_without_settings_there_are_none() -> None:
    providers = loaded().providers()
    assert (providers.issuers, providers.github) == ((), None)


def test_google_and_github_need_an_id_and_a_secret() -> None:
    providers = loaded(
        AUTH_OAUTH_GOOGLE_CLIENT_ID="g",
        AUTH_OAUTH_GOOGLE_CLIENT_SECRET="gs",
        AUTH_OAUTH_GITHUB_CLIENT_ID="h",
        AUTH_OAUTH_GITHUB_CLIENT_SECRET="hs",
    ).providers()
    (google,) = providers.issuers
    assert (google.name, google.issuer) == ("google", "https://accounts.google.com")
    assert providers.github
    assert (providers.github.url, providers.github.api_url) == (
        "https://github.com",
        "https://api.github.com",
    )


def test_any_issuer_can_be_named() -> None:
    (corp,) = named(CORP).providers().issuers
    assert (corp.name, corp.scopes) == ("corp", ("openid", "email"))
    assert corp.client_secret
    assert corp.client_secret.reveal() == CORP["client_secret"]
    assert str(CORP["client_secret"]) not in repr(corp)


def test_the_providers_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "providers.json"
    file.write_text(json.dumps([CORP]))
    assert loaded(AUTH_OAUTH_PROVIDERS_FILE=str(file)).providers().issuers[0].name == "corp"


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"AUTH_OAUTH_GOOGLE_CLIENT_ID": "x"}, "AUTH_OAUTH_GOOGLE_CLIENT_SECRET"),
        ({"AUTH_OAUTH_GITHUB_CLIENT_SECRET": "x"}, "AUTH_OAUTH_GITHUB_CLIENT_ID"),
        ({"AUTH_OAUTH_GITHUB_URL": "http://github.example"}, "AUTH_OAUTH_GITHUB_URL"),
        ({"AUTH_OAUTH_GITHUB_API_URL": "github.example"}, "AUTH_OAUTH_GITHUB_API_URL"),
        ({"AUTH_OAUTH_PROVIDERS": "["}, "AUTH_OAUTH_PROVIDERS: it is not JSON"),
        ({"AUTH_OAUTH_PROVIDERS": "{}"}, "AUTH_OAUTH_PROVIDERS: Expected `array`"),
        ({"AUTH_OAUTH_REDIRECT_URLS": "https://a.example,http://b.example"}, "http://b.example"),
    ],
)
def test_an_error_names_its_variable(variables: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told.replace("`", ".")):
        loaded(**variables)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Corp"},
        {"name": "corp/.."},
        {"name": "github"},
        {"name": "google"},
        {"issuer": "http://login.corp.example"},
        {"issuer": "http://127.0.0.1:4000"},
        {"issuer": "https://login.corp.example?x=1"},
        {"issuer": "https://user:password@login.corp.example"},
        {"issuer": "file:///etc/passwd"},
        {"issuer": ""},
        {"client_id": ""},
        {"client_secret": ""},
        {"client_secret": 5},
        {"scopes": ["email"]},
        {"secret": "misspelt"},
    ],
)
def test_an_invalid_provider_is_refused_without_revealing_its_secret(change: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="AUTH_OAUTH_PROVIDERS") as refused:
        named({**CORP, **change})
    assert str(CORP["client_secret"]) not in str(refused.value)


def test_provider_names_are_unique() -> None:
    with pytest.raises(SettingsError, match="defined twice"):
        named(CORP, CORP)


@pytest.mark.parametrize(
    ("url", "always", "in_development"),
    [
        ("https://issuer.example/path", True, True),
        ("https://10.0.0.7:8443", True, True),
        ("http://127.0.0.1:4000", False, True),
        ("http://[::1]:4000", False, True),
        ("http://localhost:4000", False, True),
        ("http://localhost.evil.example", False, False),
        ("http://127.0.0.1.evil.example", False, False),
        ("http://127.0.0.1@evil.example", False, False),
        ("https://127.0.0.1@evil.example", False, False),
        ("http://169.254.169.254/latest/meta-data", False, False),
        ("http://0.0.0.0:8001", False, False),
        ("http://auth:8001", False, False),
        ("ftp://issuer.example", False, False),
        ("//issuer.example", False, False),
        ("https://", False, False),
        ("https://issuer.example\r\nHost: evil.example", False, False),
        ("https://issuer.example:port", False, False),
    ],
)
def test_urls_must_be_https_except_for_loopback(url: str, always: bool, in_development: bool) -> None:
    assert is_allowed_url(url, loopback_http=False) is always
    assert is_allowed_url(url, loopback_http=True) is in_development


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://app.example/signed-in", True),
        ("https://app.example/signed-in?from=tonegate", True),
        ("http://127.0.0.1:3000/signed-in", True),
        ("com.example.app:/signed-in", True),
        ("https://app.example/#signed-in", False),
        ("http://app.example", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("/signed-in", False),
        ("https://app.example/\r\nSet-Cookie: x=y", False),
    ],
)
def test_redirect_targets_are_https_loopback_or_private_use_schemes(url: str, good: bool) -> None:
    assert is_redirect_target(url) is good

"""The gateway's settings."""

from typing import Any

import pytest

from gateway.settings import GatewaySettings
from shared.settings import SettingsError, load
from tests.support.gateway_tokens import gateway_key, gateway_public_keys

NEEDED = {
    "AUTH_INTROSPECTION_SECRET": "0123456789abcdef",
    "AMQP_URL": "amqp://x",
    "GATEWAY_TOKEN_KEY": gateway_key().pem.reveal(),
}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GATEWAY_RATE_LIMIT_LOGIN", "ten/minute"),
        ("GATEWAY_RATE_LIMIT_LOGIN", "10"),
        ("GATEWAY_RATE_LIMIT_DEFAULT", "0/minute"),
        ("GATEWAY_RATE_LIMIT_STORAGE_URL", "mongodb://x"),
        ("GATEWAY_TRUSTED_PROXIES", "10.0.0.0/8,nonsense"),
        ("GATEWAY_FORWARDED_FIELD", "x-real-ip"),
        ("GATEWAY_AUTH_URL", "ftp://x"),
        ("GATEWAY_CONVERTER_URL", "http://x/path"),
        ("GATEWAY_IDLE_TIMEOUT", "0"),
        ("GATEWAY_CORS_ORIGINS", "https://a.example.org,app.example.org"),
        ("GATEWAY_CORS_ORIGINS", "https://a.example.org/"),
        ("GATEWAY_MAX_CALLS", "0"),
        ("GATEWAY_MAX_STREAMS", "many"),
        ("GATEWAY_TOKEN_KEY", "a text of some length"),
        ("GATEWAY_TOKEN_KEY", gateway_public_keys()),
    ],
)
def test_a_bad_setting_is_named_before_the_gateway_starts(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        load(GatewaySettings, {**NEEDED, variable: value})


def test_documented_settings_are_read() -> None:
    settings: Any = load(
        GatewaySettings, {**NEEDED, "GATEWAY_PORT": "9", "GATEWAY_RATE_LIMIT_LOGIN": "2/second"}
    )
    assert (settings.port, settings.rate_login, settings.rate_upload) == (9, "2/second", "60/hour")

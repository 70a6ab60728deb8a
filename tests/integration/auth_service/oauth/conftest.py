"""Fixtures: a real OpenID Connect provider, and an auth_service configured for it."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.auth_service.oauth.rig import OAuthRig, issuer, knowing, named
from tests.support.messaging import MemoryBroker
from tests.support.openid_provider import CLIENT_SECRET, Browser, OpenIDProvider

FRONT_END = "https://app.example/signed-in"


@pytest.fixture
async def rig(
    postgres_url: str, openid_provider: OpenIDProvider, broker: MemoryBroker
) -> AsyncIterator[OAuthRig]:
    providers = named(
        issuer("corp", openid_provider.issuer, "tonegate", CLIENT_SECRET),
        issuer("corp-ec", openid_provider.issuer, "tonegate-ec", CLIENT_SECRET),
    )
    async with knowing(postgres_url, broker, **providers, oauth_redirect_urls=(FRONT_END,)) as rig:
        yield rig


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    browser = Browser()
    async with browser.http:
        yield browser


@pytest.fixture
async def stranger() -> AsyncIterator[Browser]:
    """Another browser, without a session at the provider."""
    browser = Browser()
    async with browser.http:
        yield browser

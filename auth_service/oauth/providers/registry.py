"""The configured providers, by name."""

from collections.abc import Callable, Mapping
from datetime import datetime

from auth_service.oauth.providers.config import GITHUB, ProviderSettings
from auth_service.oauth.providers.github import GitHubProvider
from auth_service.oauth.providers.http_client import ProviderHttpClient
from auth_service.oauth.providers.openid_connect import OpenIDProvider
from auth_service.oauth.providers.ports import Provider


def build_providers(
    settings: ProviderSettings, http: ProviderHttpClient, now: Callable[[], datetime]
) -> Mapping[str, Provider]:
    """Builds a client for each provider. None is contacted before the first login."""
    providers: dict[str, Provider] = {
        issuer.name: OpenIDProvider(issuer, http, now) for issuer in settings.issuers
    }
    if settings.github is not None:
        providers[GITHUB] = GitHubProvider(settings.github, http)
    return providers

"""The providers that an operator has named, ready to be asked."""

from collections.abc import Callable, Mapping
from datetime import datetime

from auth_service.oauth.providers.config import GITHUB, Providers
from auth_service.oauth.providers.github import GitHubProvider
from auth_service.oauth.providers.http_client import Outbound
from auth_service.oauth.providers.openid_connect import OpenIDProvider
from auth_service.oauth.providers.ports import Provider


def ready(named: Providers, outbound: Outbound, now: Callable[[], datetime]) -> Mapping[str, Provider]:
    """By name. None of them is called before somebody signs in."""
    providers: dict[str, Provider] = {
        issuer.name: OpenIDProvider(issuer, outbound, now) for issuer in named.issuers
    }
    if named.github is not None:
        providers[GITHUB] = GitHubProvider(named.github, outbound)
    return providers

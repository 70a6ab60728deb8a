"""OpenID Connect providers: the identity is in a signed ID token, the address possibly at the userinfo
endpoint.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from auth_service.oauth.errors import LoginRefused
from auth_service.oauth.providers.authorization_response import authorization_code
from auth_service.oauth.providers.code_grant import (
    ClientRegistration,
    TokenResponse,
    authorization_url,
    redeem_code,
)
from auth_service.oauth.providers.config import IssuerSettings
from auth_service.oauth.providers.discovery import Discovery, Metadata
from auth_service.oauth.providers.http_client import ProviderHttpClient
from auth_service.oauth.providers.id_token import (
    BadIdToken,
    Expected,
    IdClaims,
    UnknownKey,
    parse_claims,
    validate_id_token,
)
from auth_service.oauth.providers.ports import AuthorizationResponse, Identity, PendingLogin
from shared.logs import get_logger


class OpenIDProvider:
    def __init__(
        self, settings: IssuerSettings, http: ProviderHttpClient, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._http = http
        self._now = now
        self._discovery = Discovery(settings.issuer, http, now)

    async def authorization_url(self, pending: PendingLogin) -> str:
        metadata = await self._discovery.metadata()
        endpoint = metadata.authorization_endpoint
        self._http.require_allowed(endpoint)
        return authorization_url(self._registration(metadata), endpoint, pending, nonce=pending.nonce)

    async def identify(self, response: AuthorizationResponse, pending: PendingLogin) -> Identity:
        metadata = await self._discovery.metadata()
        self._check_issuer(response, metadata)
        code = authorization_code(response)
        registration = self._registration(metadata)
        tokens = await redeem_code(registration, metadata.token_endpoint, code, pending, self._http)
        claims = await self._validated_claims(tokens, metadata, pending)
        if claims.email is None and metadata.userinfo_endpoint is not None:
            claims = await self._userinfo(metadata.userinfo_endpoint, tokens.access_token, claims.sub)
        return Identity(
            metadata.issuer, claims.sub, claims.email, email_verified=claims.email_verified is True
        )

    def _registration(self, metadata: Metadata) -> ClientRegistration:
        settings, methods = self._settings, metadata.token_endpoint_auth_methods_supported
        if settings.client_secret is None:
            method = "none"
        elif "client_secret_basic" in methods or "client_secret_post" not in methods:
            method = "client_secret_basic"
        else:
            method = "client_secret_post"
        return ClientRegistration(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            scopes=settings.scopes,
            method=method,
        )

    def _check_issuer(self, response: AuthorizationResponse, metadata: Metadata) -> None:
        """Mix-up defence (RFC 9207 §2.4), before the code is sent to the token endpoint. Raises
        LoginRefused.
        """
        missing = response.issuer is None and metadata.authorization_response_iss_parameter_supported
        if missing or response.issuer not in {None, metadata.issuer}:
            get_logger(__name__).warning(
                "authorization response from another issuer", provider=self._settings.name
            )
            raise LoginRefused

    async def _validated_claims(
        self, tokens: TokenResponse, metadata: Metadata, pending: PendingLogin
    ) -> IdClaims:
        expected = Expected(
            issuer=metadata.issuer,
            client_id=self._settings.client_id,
            nonce=pending.nonce,
            access_token=tokens.access_token,
            algorithms=metadata.id_token_signing_alg_values_supported,
            now=self._now(),
        )
        token = tokens.id_token or ""
        try:
            return await self._validate(token, expected)
        except BadIdToken as error:
            get_logger(__name__).warning("ID token refused", provider=self._settings.name, reason=str(error))
            raise LoginRefused from error

    async def _validate(self, token: str, expected: Expected) -> IdClaims:
        try:
            return validate_id_token(token, await self._discovery.keys(), expected)
        except UnknownKey:
            return validate_id_token(token, await self._discovery.refreshed_keys(), expected)

    async def _userinfo(self, endpoint: str, access_token: str, subject: str) -> IdClaims:
        """Claims from the userinfo endpoint (OIDC Core §5.3); another subject is refused (§5.3.2)."""
        response = await self._http.get(endpoint, {"Authorization": f"Bearer {access_token}"})
        try:
            claims = parse_claims(response.decode(dict[str, Any]))
        except (msgspec.ValidationError, BadIdToken) as error:
            raise LoginRefused from error
        if claims.sub != subject:
            raise LoginRefused
        return claims

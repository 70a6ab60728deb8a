"""An OpenID Connect provider: who somebody is stands in a signed ID token, or at its userinfo endpoint."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from auth_service.oauth.errors import Refused
from auth_service.oauth.providers.authorization_response import refuse_errors
from auth_service.oauth.providers.code_grant import Client, TokenAnswer, question, redeem
from auth_service.oauth.providers.config import Issuer
from auth_service.oauth.providers.discovery import Discovery, Metadata
from auth_service.oauth.providers.http_client import Outbound
from auth_service.oauth.providers.id_token import BadIdToken, Expected, IdClaims, UnknownKey, claims_of, read
from auth_service.oauth.providers.ports import Answer, Identity, Pending
from shared.logs import get_logger


class OpenIDProvider:
    def __init__(self, config: Issuer, outbound: Outbound, now: Callable[[], datetime]) -> None:
        self._config = config
        self._outbound = outbound
        self._now = now
        self._discovery = Discovery(config.issuer, outbound, now)

    async def question(self, pending: Pending) -> str:
        metadata = await self._discovery.metadata()
        self._outbound.refuse_unsafe(metadata.authorization_endpoint)
        return question(self._client(metadata), metadata.authorization_endpoint, pending, nonce=pending.nonce)

    async def identify(self, answer: Answer, pending: Pending) -> Identity:
        metadata = await self._discovery.metadata()
        self._refuse_other_issuer(answer, metadata)
        code = refuse_errors(answer)
        client = self._client(metadata)
        tokens = await redeem(client, metadata.token_endpoint, code, pending, self._outbound)
        claims = await self._believed(tokens, metadata, pending)
        if claims.email is None and metadata.userinfo_endpoint is not None:
            claims = await self._userinfo(metadata.userinfo_endpoint, tokens.access_token, claims.sub)
        return Identity(
            metadata.issuer, claims.sub, claims.email, email_verified=claims.email_verified is True
        )

    def _client(self, metadata: Metadata) -> Client:
        config, methods = self._config, metadata.token_endpoint_auth_methods_supported
        if config.client_secret is None:
            method = "none"
        elif "client_secret_basic" in methods or "client_secret_post" not in methods:
            method = "client_secret_basic"
        else:
            method = "client_secret_post"
        return Client(
            client_id=config.client_id,
            client_secret=config.client_secret,
            scopes=config.scopes,
            method=method,
        )

    def _refuse_other_issuer(self, answer: Answer, metadata: Metadata) -> None:
        """RFC 9207 §2.4, before anything else is believed: a mix-up would give the code to the wrong one."""
        missing = answer.issuer is None and metadata.authorization_response_iss_parameter_supported
        if missing or answer.issuer not in {None, metadata.issuer}:
            get_logger(__name__).warning("an answer came from another issuer", provider=self._config.name)
            raise Refused

    async def _believed(self, tokens: TokenAnswer, metadata: Metadata, pending: Pending) -> IdClaims:
        expected = Expected(
            issuer=metadata.issuer,
            client_id=self._config.client_id,
            nonce=pending.nonce,
            access_token=tokens.access_token,
            algorithms=metadata.id_token_signing_alg_values_supported,
            now=self._now(),
        )
        token = tokens.id_token or ""
        try:
            return await self._read(token, expected)
        except BadIdToken as bad:
            get_logger(__name__).warning(
                "an ID token is not good", provider=self._config.name, reason=str(bad)
            )
            raise Refused from bad

    async def _read(self, token: str, expected: Expected) -> IdClaims:
        try:
            return read(token, await self._discovery.keys(), expected)
        except UnknownKey:
            return read(token, await self._discovery.newer_keys(), expected)

    async def _userinfo(self, endpoint: str, access_token: str, subject: str) -> IdClaims:
        """OIDC Core §5.3. An answer about somebody else is not used (§5.3.2)."""
        fetched = await self._outbound.get(endpoint, {"Authorization": f"Bearer {access_token}"})
        try:
            claims = claims_of(fetched.read(dict[str, Any]))
        except (msgspec.ValidationError, BadIdToken) as bad:
            raise Refused from bad
        if claims.sub != subject:
            raise Refused
        return claims

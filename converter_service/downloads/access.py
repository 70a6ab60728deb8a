"""Access to a conversion's audio, by token or signed link."""

from dataclasses import dataclass
from typing import Any

from litestar import Request

from converter_service.conversions.service import Audio, Conversions
from converter_service.conversions.signed_links import SignedLinks
from shared.clock import Clock
from shared.http.auth_guard import Authenticate, authenticated
from shared.identity.principal import Principal
from shared.signed_links import SERIES

Call = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class AudioAccess:
    """Access to the audio for its owner, and with a signed link that the owner has created."""

    conversions: Conversions
    authenticate: Authenticate[Principal]
    links: SignedLinks
    clock: Clock

    async def audio(self, request: Call, conversion_id: str) -> Audio:
        """Raises Unauthenticated, InvalidToken, InsufficientScope, NotFound, NotReady, Gone."""
        expires, signature, series = map(request.query_params.get, ("expires", "signature", SERIES))
        if expires is not None and signature is not None:
            ended = self.links.check(conversion_id, expires, signature, self.clock(), series)
            return await self.conversions.public_audio(conversion_id, ended)
        return await self.conversions.audio(await authenticated(request, self.authenticate), conversion_id)

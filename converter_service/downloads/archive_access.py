"""Access to the audio of several conversions, by token or signed link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from litestar import Request

from converter_service.conversions.service import Audio, Conversions
from converter_service.conversions.signed_links import SignedLinks
from shared.clock import Clock
from shared.contracts.conversions import Link
from shared.errors import ServiceError
from shared.http.auth_guard import Authenticate, authenticated
from shared.identity.principal import Principal
from shared.signed_links import SERIES

Call = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class ArchiveAccess:
    """All methods raise NotFound, NotReady or Gone for the first conversion whose audio is not there."""

    conversions: Conversions
    authenticate: Authenticate[Principal]
    links: SignedLinks
    public_url: str
    clock: Clock

    async def audios(self, request: Call, ids: Sequence[str]) -> Sequence[Audio]:
        """Raises Unauthenticated, InvalidToken and InsufficientScope as well."""
        expires, signature, series = map(request.query_params.get, ("expires", "signature", SERIES))
        if expires is None or signature is None:
            return await self._own(await authenticated(request, self.authenticate), ids)
        ended = self.links.check_archive(ids, expires, signature, self.clock(), series)
        return [
            await self.conversions.public_audio(each, count) for each, count in zip(ids, ended, strict=True)
        ]

    async def link(self, owner: Principal, ids: Sequence[str], expires_in: timedelta) -> Link:
        """A link to the archive that needs no token. It ends with those to the single audios."""
        audios = await self._own(owner, ids)
        until = self.clock().replace(microsecond=0) + expires_in
        path = self.links.sign_archive(ids, until, [each.conversion.links_ended for each in audios])
        return Link(f"{self.public_url.rstrip('/')}{path}", until)

    async def _own(self, owner: Principal, ids: Sequence[str]) -> Sequence[Audio]:
        audios = []
        for conversion_id in ids:
            try:
                audios.append(await self.conversions.audio(owner, conversion_id))
            except ServiceError as error:
                error.detail = f"{conversion_id}: {error.detail}"
                raise
        return audios

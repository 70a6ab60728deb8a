"""Consumer of session_revoked events, which drops revoked tokens from the token cache."""

from msgspec.structs import replace

from gateway.identity.token_cache import TokenCache
from shared.contracts.events import SessionRevoked
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.ports import Broker, Consumer
from shared.messaging.processes import REVOCATIONS


def revocations(broker: Broker, tokens: TokenCache) -> Consumer:
    """A consumer of every gateway process. It drops the whole cache each time it starts to listen, because
    events before that are missed.
    """

    async def forget(event: SessionRevoked, _: Delivery) -> None:
        tokens.revoke_session(event.session_id)

    async def forget_all() -> None:
        tokens.forget_all()

    broadcast = replace(REVOCATIONS, on_gap=forget_all)
    return broker.listener(broadcast, Handlers({SessionRevoked: forget}, expected=broadcast.events))

"""News of ended sessions, which drop tokens from the cache at once."""

from gateway.identity.token_cache import TokenCache
from shared.contracts.events import SessionRevoked
from shared.messaging.ports import Broadcast, Broker, Consumer, Delivery, Handlers


def revocations(broker: Broker, tokens: TokenCache) -> Consumer:
    """Listens for as long as it runs. Each time listening begins the whole cache is dropped, since what was
    said in between was missed.
    """

    async def forget(event: SessionRevoked, _: Delivery) -> None:
        tokens.revoke_session(event.session_id)

    async def forget_all() -> None:
        tokens.forget_all()

    broadcast = Broadcast(name="gateway.revocations", events=(SessionRevoked,), on_gap=forget_all)
    return broker.listener(broadcast, Handlers({SessionRevoked: forget}, expected=broadcast.events))

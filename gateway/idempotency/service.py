"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a repeated request gets the first response.

For requests that the gateway validates itself. The keys of uploads are kept by the converter, with the
conversions that they created.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from cryptography.fernet import Fernet
from litestar import Request
from litestar.openapi.spec import Example
from litestar.params import HeaderParameter

from gateway.idempotency.store import IdempotencyStore
from gateway.identity.client_address import ClientAddresses
from gateway.identity.principal import Principal
from shared.errors import Conflict, IdempotencyMismatch, ServiceError
from shared.logs import get_logger
from shared.settings import Secret

KEEP = timedelta(hours=24)
# Longer than any request with a key takes; the key of a gateway that died meanwhile is blocked this long.
MAX_RUNNING = timedelta(seconds=60)

# Section 2.1 of the draft requires a quoted string; most clients send the bare text, which is accepted too.
IdempotencyKey: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        pattern=r'^"?[A-Za-z0-9._~:/+=-]{1,255}"?$',
        description="Repeated within 24 hours, the request has no effect and gets the first response.",
        examples=[Example(value="8e03978e-40d5-43dd-bc93-6894a57f9324")],
    ),
]


class StillRunning(Conflict):
    """Section 2.7 of the draft: the first request with this key has not ended."""

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is still running.", headers={"Retry-After": "1"}
        )


class Record(msgspec.Struct, frozen=True):
    """The stored state of a key. `answer` is the encrypted body of the response: it may hold a new secret."""

    state: Literal["running", "done"]
    fingerprint: str
    answer: str = ""


class Idempotency:
    """Performs requests with an Idempotency-Key once. A key belongs to an account, or to a client address
    when there is no account, and to one method and path.

    Only successes are stored. A request that failed may be repeated with the same key; so may a request whose
    gateway died before the end, although its effect is unknown.
    """

    def __init__(self, store: IdempotencyStore, addresses: ClientAddresses, secret: Secret) -> None:
        self._store, self._addresses = store, addresses
        last = secret.split()[-1].reveal().encode()  # the same for all gateways while the secret is replaced
        self._key = hashlib.blake2b(last, digest_size=32, person=b"idempotency").digest()
        self._cipher = Fernet(base64.urlsafe_b64encode(self._key))

    async def perform(
        self,
        request: Request[Any, Any, Any],
        key: str | None,
        body: object,
        act: Callable[[], Awaitable[object]],
    ) -> object:
        """The result of `act`, or for a repetition the JSON of the first result. `body` is the request's.

        Raises IdempotencyMismatch, StillRunning, Unavailable when keys cannot be looked up, and what `act`
        raises.
        """
        if key is None:
            return await act()
        name, fingerprint = self._name(request, key), self._digest(msgspec.json.encode(body))
        running = msgspec.json.encode(Record("running", fingerprint))
        found = await self._store.claim(name, running, MAX_RUNNING)
        if found is not None:
            return self._replayed(msgspec.json.decode(found, type=Record), fingerprint)
        try:
            answer = await act()
        except BaseException:
            await self._forget(name)
            raise
        await self._remember(name, fingerprint, answer)
        return answer

    def _name(self, request: Request[Any, Any, Any], key: str) -> str:
        user = request.scope.get("user")
        if isinstance(user, Principal):
            owner = f"account:{user.user_id}"
        else:
            owner = f"address:{self._addresses.key(request.scope)}"
        return self._digest(
            "\n".join((owner, request.method, request.scope["path"], key.strip('"'))).encode()
        )

    def _replayed(self, record: Record, fingerprint: str) -> msgspec.Raw:
        if record.fingerprint != fingerprint:
            raise IdempotencyMismatch
        if record.state == "running":
            raise StillRunning
        return msgspec.Raw(self._cipher.decrypt(record.answer))

    def _digest(self, content: bytes) -> str:
        """Keyed, because a plain digest of a body with a password could be attacked by guessing."""
        return hashlib.blake2b(content, key=self._key, digest_size=32).hexdigest()

    async def _remember(self, name: str, fingerprint: str, answer: object) -> None:
        """When the store fails the response is still sent; the key stays `running` until it expires."""
        encrypted = self._cipher.encrypt(msgspec.json.encode(answer)).decode()
        try:
            await self._store.put(name, msgspec.json.encode(Record("done", fingerprint, encrypted)), KEEP)
        except ServiceError:
            get_logger(__name__).warning("response not stored for its Idempotency-Key")

    async def _forget(self, name: str) -> None:
        try:
            await self._store.drop(name)
        except ServiceError:
            get_logger(__name__).warning("Idempotency-Key not released")

"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): the same call again gives the same answer.

For calls that are typed here. Uploads are not: the converter owns their keys, beside what they created.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from cryptography.fernet import Fernet
from litestar import Request
from litestar.openapi.spec import Example
from litestar.params import HeaderParameter

from gateway.idempotency.store import Answers
from gateway.identity.client_address import ClientAddresses
from gateway.identity.principal import Principal
from shared.errors import Conflict, IdempotencyMismatch, ServiceError
from shared.logs import get_logger
from shared.settings import Secret

T = TypeVar("T")

KEPT = timedelta(hours=24)
# No call through here takes longer; a gateway that died in one blocks its key for no more than that.
RUNNING_AT_MOST = timedelta(seconds=60)

# The draft's §2.1 has a quoted string; most clients send the bare text, which means the same here.
IdempotencyKey: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        pattern=r'^"?[A-Za-z0-9._~:/+=-]{1,255}"?$',
        description="The same key again within 24 hours gives the same answer, and does nothing more.",
        examples=[Example(value="8e03978e-40d5-43dd-bc93-6894a57f9324")],
    ),
]


class StillRunning(Conflict):
    """The draft's §2.7: the first request with this key has not ended."""

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is still running.", headers={"Retry-After": "1"}
        )


class Record(msgspec.Struct, frozen=True):
    """What a key stands for. `answer` is the body that was given, sealed: it may hold what is shown once."""

    state: Literal["running", "done"]
    fingerprint: str
    answer: str = ""


class Once:
    """Keys belong to an account, or to an address where there is none, and to one call.

    Only successes are remembered. Whatever failed did nothing, and may be tried again with the same key; so
    may a call of which nobody knows how it ended, when its gateway died half-way.
    """

    def __init__(self, answers: Answers, addresses: ClientAddresses, secret: Secret) -> None:
        self._answers, self._addresses = answers, addresses
        self._key = hashlib.blake2b(secret.reveal().encode(), digest_size=32, person=b"idempotency").digest()
        self._seal = Fernet(base64.urlsafe_b64encode(self._key))

    async def perform(
        self,
        request: Request[Any, Any, Any],
        key: str | None,
        asked: object,
        kind: type[T],
        act: Callable[[], Awaitable[T]],
    ) -> T:
        """What `act` gives, or gave the first time. `asked` is what the request says, `kind` what it answers.

        Raises IdempotencyMismatch, StillRunning, Unavailable while keys cannot be looked up, and what `act`
        raises.
        """
        if key is None:
            return await act()
        name, fingerprint = self._name(request, key), self._digest(msgspec.json.encode(asked))
        running = msgspec.json.encode(Record("running", fingerprint))
        found = await self._answers.claim(name, running, RUNNING_AT_MOST)
        if found is not None:
            return self._replayed(msgspec.json.decode(found, type=Record), fingerprint, kind)
        try:
            answer = await act()
        except BaseException:
            await self._forget(name)
            raise
        await self._remember(name, fingerprint, answer)
        return answer

    def _name(self, request: Request[Any, Any, Any], key: str) -> str:
        who = request.scope.get("user")
        if isinstance(who, Principal):
            owner = f"account:{who.user_id}"
        else:
            owner = f"address:{self._addresses.key(request.scope)}"
        return self._digest(
            "\n".join((owner, request.method, request.scope["path"], key.strip('"'))).encode()
        )

    def _replayed(self, record: Record, fingerprint: str, kind: type[T]) -> T:
        if record.fingerprint != fingerprint:
            raise IdempotencyMismatch
        if record.state == "running":
            raise StillRunning
        return msgspec.json.decode(self._seal.decrypt(record.answer), type=kind)

    def _digest(self, content: bytes) -> str:
        """Keyed: what is asked may hold a password, which a plain digest would let anybody guess."""
        return hashlib.blake2b(content, key=self._key, digest_size=32).hexdigest()

    async def _remember(self, name: str, fingerprint: str, answer: object) -> None:
        """What was done stays done when this fails; the key then says for a while that it still runs."""
        sealed = self._seal.encrypt(msgspec.json.encode(answer)).decode()
        try:
            await self._answers.put(name, msgspec.json.encode(Record("done", fingerprint, sealed)), KEPT)
        except ServiceError:
            get_logger(__name__).warning("an answer could not be kept for its Idempotency-Key")

    async def _forget(self, name: str) -> None:
        try:
            await self._answers.drop(name)
        except ServiceError:
            get_logger(__name__).warning("an Idempotency-Key could not be given free")

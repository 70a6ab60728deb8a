"""SQL: mails that were asked for, and the secrets of those that were sent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.models import MailRequest, MailToken


class Mails:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def ask(self, purpose: str, address: str, correlation_id: str) -> None:
        self._session.add(MailRequest(purpose=purpose, address=address, correlation_id=correlation_id))
        await self._session.flush()

    async def take_requests(self, limit: int) -> Sequence[MailRequest]:
        """The oldest, which are gone when the transaction commits; nobody else gets them meanwhile."""
        oldest = select(MailRequest.position).order_by(MailRequest.position).limit(limit)
        taken = delete(MailRequest).where(
            MailRequest.position.in_(oldest.with_for_update(skip_locked=True).scalar_subquery())
        )
        rows = (await self._session.scalars(taken.returning(MailRequest))).all()
        return sorted(rows, key=lambda row: row.position)

    async def add_token(self, token: MailToken) -> None:
        self._session.add(token)
        await self._session.flush()

    async def token(self, fingerprint: bytes, purpose: str, now: datetime) -> MailToken | None:
        return await self._session.scalar(select(MailToken).where(*_usable(fingerprint, purpose, now)))

    async def use_token(self, fingerprint: bytes, purpose: str, now: datetime) -> MailToken | None:
        """The first time only: of two who use it at once, one waits and finds it gone."""
        statement = delete(MailToken).where(*_usable(fingerprint, purpose, now))
        return await self._session.scalar(statement.returning(MailToken))

    async def drop_tokens(self, user_id: UUID, purpose: str) -> None:
        statement = delete(MailToken).where(MailToken.user_id == user_id, MailToken.purpose == purpose)
        await self._session.execute(statement)

    async def forget_tokens(self, expired_before: datetime) -> int:
        """How many."""
        statement = delete(MailToken).where(MailToken.expires_at < expired_before)
        return len((await self._session.scalars(statement.returning(MailToken.fingerprint))).all())


def _usable(fingerprint: bytes, purpose: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        MailToken.fingerprint == fingerprint,
        MailToken.purpose == purpose,
        MailToken.expires_at > now,
    )

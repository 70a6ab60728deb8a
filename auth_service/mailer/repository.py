"""SQL of mail requests and mail tokens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select

from auth_service.database.engine import Repository
from auth_service.mailer.model import MailRequest, MailToken


class MailRequestRepository(Repository):
    async def add(self, purpose: str, address: str, correlation_id: str, user_id: UUID | None = None) -> None:
        request = MailRequest(
            purpose=purpose, address=address, correlation_id=correlation_id, user_id=user_id
        )
        await self.insert(request)

    async def take(self, limit: int) -> Sequence[MailRequest]:
        """Deletes and returns the oldest requests, skipping those that a concurrent transaction has
        locked.
        """
        oldest = select(MailRequest.position).order_by(MailRequest.position).limit(limit)
        taken = delete(MailRequest).where(
            MailRequest.position.in_(oldest.with_for_update(skip_locked=True).scalar_subquery())
        )
        rows = (await self._session.scalars(taken.returning(MailRequest))).all()
        return sorted(rows, key=lambda row: row.position)


class MailTokenRepository(Repository):
    async def find(self, fingerprint: bytes, purpose: str, now: datetime) -> MailToken | None:
        return await self._session.scalar(select(MailToken).where(*_is_usable(fingerprint, purpose, now)))

    async def use(self, fingerprint: bytes, purpose: str, now: datetime) -> MailToken | None:
        """Deletes and returns the token. Of two concurrent calls, one waits and gets None."""
        statement = delete(MailToken).where(*_is_usable(fingerprint, purpose, now))
        return await self._session.scalar(statement.returning(MailToken))

    async def delete(self, user_id: UUID, purpose: str) -> None:
        """Deletes all tokens of one account and purpose."""
        statement = delete(MailToken).where(MailToken.user_id == user_id, MailToken.purpose == purpose)
        await self._session.execute(statement)

    async def purge(self, expired_before: datetime) -> None:
        await self._session.execute(delete(MailToken).where(MailToken.expires_at < expired_before))


def _is_usable(fingerprint: bytes, purpose: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        MailToken.fingerprint == fingerprint,
        MailToken.purpose == purpose,
        MailToken.expires_at > now,
    )

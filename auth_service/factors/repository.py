"""SQL of second factors, recovery codes and challenges."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from auth_service.database.engine import Repository
from auth_service.factors.kind import Kind
from auth_service.factors.model import Factor, PasskeyChallenge, RecoveryCode


class FactorRepository(Repository):
    async def list(self, user_id: UUID) -> Sequence[Factor]:
        """The account's factors, oldest first, also those that are not confirmed."""
        statement = select(Factor).where(Factor.user_id == user_id)
        return (await self._session.scalars(statement.order_by(Factor.created_at, Factor.id))).all()

    async def list_confirmed(self, user_id: UUID, kind: Kind | None = None) -> Sequence[Factor]:
        """The factors that a login has to pass, oldest first; with `kind` those of one kind only."""
        found = await self.list(user_id)
        return [each for each in found if each.confirmed_at is not None and kind in {None, each.kind}]

    async def find(self, factor_id: UUID, user_id: UUID) -> Factor | None:
        """A factor of the account, and None for another account's."""
        statement = select(Factor).where(Factor.id == factor_id, Factor.user_id == user_id)
        return await self._session.scalar(statement)

    async def add_passkey(self, factor: Factor) -> bool:
        """Inserts a passkey; returns False if its credential id is known, also of another account."""
        values = {column.key: getattr(factor, column.key) for column in Factor.__table__.columns}
        statement = (
            insert(Factor).values(values).on_conflict_do_nothing(index_elements=[Factor.credential_id])
        )
        return await self._session.scalar(statement.returning(Factor.id)) is not None

    async def delete(self, factor_id: UUID) -> None:
        await self._session.execute(delete(Factor).where(Factor.id == factor_id))

    async def delete_pending(self, user_id: UUID) -> None:
        """Deletes the account's factors that are not confirmed."""
        pending = delete(Factor).where(Factor.user_id == user_id, Factor.confirmed_at.is_(None))
        await self._session.execute(pending)

    async def delete_all(self, user_id: UUID) -> Sequence[str]:
        """Deletes the account's factors; returns the kinds of the confirmed ones."""
        statement = delete(Factor).where(Factor.user_id == user_id)
        rows = await self._session.execute(statement.returning(Factor.kind, Factor.confirmed_at))
        return [kind for kind, confirmed_at in rows if confirmed_at is not None]

    async def use_step(self, factor_id: UUID, step: int, now: datetime) -> bool:
        """Stores the step of an accepted code. False if it, or a later one, was used before: of concurrent
        calls with one code, one gets True.
        """
        unused = or_(Factor.last_step.is_(None), Factor.last_step < step)
        statement = update(Factor).where(Factor.id == factor_id, unused)
        used = statement.values(last_step=step, last_used_at=now).returning(Factor.id)
        return await self._session.scalar(used) is not None

    async def use_count(self, factor_id: UUID, seen: int, sign_count: int, now: datetime) -> bool:
        """Stores the sign count of an accepted assertion, unless it is no longer the one that was `seen`."""
        statement = update(Factor).where(Factor.id == factor_id, Factor.sign_count == seen)
        used = statement.values(sign_count=sign_count, last_used_at=now).returning(Factor.id)
        return await self._session.scalar(used) is not None

    async def list_outdated(self, prefix: bytes, after: UUID, limit: int) -> Sequence[Factor]:
        """A page of the factors whose secret does not begin with `prefix`, by their ids, locked."""
        outdated = func.substr(Factor.secret, 1, len(prefix)) != prefix
        statement = select(Factor).where(Factor.secret.is_not(None), outdated, Factor.id > after)
        return (
            await self._session.scalars(statement.order_by(Factor.id).limit(limit).with_for_update())
        ).all()

    async def purge_pending(self, created_before: datetime) -> None:
        """Deletes factors that were not confirmed in time."""
        statement = delete(Factor).where(Factor.confirmed_at.is_(None), Factor.created_at < created_before)
        await self._session.execute(statement)


class RecoveryCodeRepository(Repository):
    async def replace(self, user_id: UUID, fingerprints: Collection[bytes]) -> None:
        """Replaces all codes of the account."""
        await self.delete_all(user_id)
        rows = [{"user_id": user_id, "fingerprint": each} for each in fingerprints]
        await self._session.execute(insert(RecoveryCode), rows)

    async def use(self, user_id: UUID, fingerprint: bytes) -> bool:
        """Deletes a code. Of concurrent calls, one gets True."""
        statement = delete(RecoveryCode).where(
            RecoveryCode.user_id == user_id, RecoveryCode.fingerprint == fingerprint
        )
        return await self._session.scalar(statement.returning(RecoveryCode.user_id)) is not None

    async def count(self, user_id: UUID) -> int:
        statement = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
        return await self._session.scalar(statement) or 0

    async def delete_all(self, user_id: UUID) -> None:
        await self._session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


class ChallengeRepository(Repository):
    async def take(self, challenge: bytes, session_id: UUID, purpose: str, now: datetime) -> bool:
        """Deletes a challenge; False if it is unknown, used, expired, another session's or for another
        purpose.
        """
        statement = delete(PasskeyChallenge).where(
            PasskeyChallenge.challenge == challenge,
            PasskeyChallenge.session_id == session_id,
            PasskeyChallenge.purpose == purpose,
            PasskeyChallenge.expires_at > now,
        )
        return await self._session.scalar(statement.returning(PasskeyChallenge.session_id)) is not None

    async def purge(self, now: datetime) -> None:
        await self._session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= now))

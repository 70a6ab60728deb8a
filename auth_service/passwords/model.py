"""The table of fresh proofs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.database.table import Table


class SessionProof(Table):
    """When the holder of a session last proved to be the account's owner, at its login or later; and when by
    a second factor.
    """

    __tablename__ = "session_proofs"

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("auth.sessions.id", ondelete="CASCADE"), primary_key=True
    )
    proven_at: Mapped[datetime]
    factor_proven_at: Mapped[datetime | None]

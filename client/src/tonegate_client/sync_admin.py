"""The calls for administrators, from programs without an event loop."""

from collections.abc import Iterator, Sequence

from tonegate_client.admin import Admin
from tonegate_client.admin_models import (
    AuditEntry,
    DeadLetter,
    ManagedConversion,
    ManagedUser,
    Overview,
    WholeDeadLetter,
)
from tonegate_client.loop_thread import LoopThread


class SyncAdmin:
    """The calls of `Admin`."""

    def __init__(self, thread: LoopThread, admin: Admin) -> None:
        self._thread = thread
        self._admin = admin

    def overview(self) -> Overview:
        return self._thread.run(self._admin.overview())

    def users(self, *, email: str | None = None) -> Iterator[ManagedUser]:
        return self._thread.iterate(self._admin.users(email=email))

    def change_user(
        self, user_id: str, *, roles: Sequence[str] | None = None, disabled: bool | None = None
    ) -> ManagedUser:
        return self._thread.run(self._admin.change_user(user_id, roles=roles, disabled=disabled))

    def conversions(
        self, *, owner_id: str | None = None, status: str | None = None
    ) -> Iterator[ManagedConversion]:
        return self._thread.iterate(self._admin.conversions(owner_id=owner_id, status=status))

    def dead_letters(self, *, status: str | None = None) -> Iterator[DeadLetter]:
        return self._thread.iterate(self._admin.dead_letters(status=status))

    def dead_letter(self, letter_id: str) -> WholeDeadLetter:
        return self._thread.run(self._admin.dead_letter(letter_id))

    def replay_dead_letter(self, letter_id: str) -> WholeDeadLetter:
        return self._thread.run(self._admin.replay_dead_letter(letter_id))

    def discard_dead_letter(self, letter_id: str) -> None:
        self._thread.run(self._admin.discard_dead_letter(letter_id))

    def audit(self) -> Iterator[AuditEntry]:
        return self._thread.iterate(self._admin.audit())

"""OperatorActed events are recorded in the audit log once."""

from datetime import UTC, datetime

from shared.contracts.events import OperatorActed
from shared.messaging.envelope import wrap
from tests.integration.auth_service.admin.test_administration import promote, records
from tests.integration.auth_service.replica import Person, Replica
from tests.support.messaging import MemoryBroker
from tests.support.wait import until

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DETAILS = {"by": "root@converter-1", "dead_mail": "0" * 32}


async def test_a_redelivered_operator_action_is_recorded_once(
    auth: Replica, broker: MemoryBroker, postgres_url: str
) -> None:
    admin: Person = await auth.person()
    await promote(postgres_url, admin)
    told = wrap(OperatorActed(action="dead_mail_replayed", details=DETAILS), "/test", "operator", time=AT)
    later = wrap(OperatorActed(action="dead_mails_listed", details={}), "/test", "operator")
    for envelope in (told, told, later):
        await broker.publish(envelope)

    async def recorded() -> bool:
        return [each["action"] for each in await records(admin)][:1] == ["dead_mails_listed"]

    await until(recorded, what="the last act is recorded")
    _, first = await records(admin)  # and no third
    assert first.pop("id")
    assert first == {
        "at": "2026-11-20T09:30:00Z",
        "actor_id": None,
        "action": "dead_mail_replayed",
        "subject_id": None,
        "address": None,
        "request_id": told.id,
        "details": DETAILS,
    }

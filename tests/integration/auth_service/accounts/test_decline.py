"""AccountDeclined events close accounts whose unverified address belongs to someone else."""

from shared.contracts.events import AccountDeclined
from shared.mailbox import mailbox_digest
from shared.messaging.envelope import wrap
from tests.integration.auth_service.account_mails import AccountMails
from tests.integration.auth_service.admin.test_administration import promote, records
from tests.integration.auth_service.replica import Person, Replica
from tests.support.messaging import MemoryBroker
from tests.support.wait import until


async def decline(broker: MemoryBroker, person: Person, address: str = "") -> None:
    mailbox = mailbox_digest(address or person.email)
    event = AccountDeclined(user_id=await person.identity(), mailbox=mailbox)
    for _ in range(2):
        await broker.publish(wrap(event, "/test", "declined", id=f"event-{event.user_id}"))


async def test_a_declined_account_is_closed_and_the_closing_recorded_once(
    auth: Replica, broker: MemoryBroker, postgres_url: str
) -> None:
    admin, person = await auth.person(), await auth.person()
    await promote(postgres_url, admin)
    identity = await person.identity()
    await decline(broker, person)

    async def is_out() -> bool:
        return not await person.is_signed_in()

    await until(is_out, what="the sessions of the account end")
    assert (await auth.login(person.email)).status_code in {401, 403}
    assert await admin.is_signed_in()

    async def is_recorded() -> bool:
        return any(each["action"] == "account_declined" for each in await records(admin))

    await until(is_recorded, what="the closing is recorded")
    closings = [each for each in await records(admin) if each["action"] == "account_declined"]
    assert [each["details"] for each in closings] == [{"account": identity}]


async def test_an_account_with_a_verified_or_another_address_stays_open(
    auth: Replica, broker: MemoryBroker, mails: AccountMails
) -> None:
    verified, other, closed = [await auth.person() for _ in range(3)]
    await verified.call("POST", "/v1/auth/email/resend")
    await auth.verify(await mails.verification(verified.email))
    await decline(broker, verified)
    await decline(broker, other, "someone-else@example.org")
    await decline(broker, closed)

    async def is_out() -> bool:
        return not await closed.is_signed_in()

    await until(is_out, what="the last event is handled")
    assert await verified.is_signed_in()
    assert await other.is_signed_in()

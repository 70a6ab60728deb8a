"""The link "this was not me": stops mail to an unverified address and has its account closed."""

from dataclasses import dataclass

from litestar import Controller, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT

from notification_service.email.declines import Declined, DeclineTokens
from shared.contracts.events import AccountDeclined
from shared.contracts.mails import DeclineToken
from shared.errors import Unavailable
from shared.http import Injected
from shared.http.auth_guard import public
from shared.messaging.envelope import wrap
from shared.messaging.errors import PublishFailed
from shared.messaging.ports import Publisher

SOURCE = "/notification_service"


@dataclass(frozen=True)
class DeclineService:
    tokens: DeclineTokens
    declined: Declined
    publisher: Publisher

    async def decline(self, token: str) -> None:
        """Idempotent. Raises InvalidRequest for a token that was not signed here, and Unavailable."""
        decline = self.tokens.read(token)
        await self.declined.add(decline.mailbox)
        event = AccountDeclined(user_id=decline.owner_id, mailbox=decline.mailbox)
        try:
            await self.publisher.publish(wrap(event, SOURCE, decline.owner_id))
        except PublishFailed as error:
            raise Unavailable("The account cannot be closed right now; try again soon.") from error


class DeclineController(Controller):
    path = "/internal/declines"
    opt = public()

    @post("/", status_code=HTTP_204_NO_CONTENT)
    async def decline(self, data: JSONBody[DeclineToken], declining: Injected[DeclineService]) -> None:
        """The token is the authorization."""
        await declining.decline(data.token)

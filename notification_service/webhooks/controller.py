"""The routes of webhooks: each parses, makes one call and answers."""

from typing import Annotated, Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_202_ACCEPTED

from notification_service.webhooks.service import Made, Webhooks
from shared.contracts.webhooks import (
    STATUSES,
    ChangeWebhook,
    Delivery,
    DeliveryPage,
    MadeWebhook,
    NewWebhook,
    Webhook,
    WebhookList,
)
from shared.http import Injected
from shared.identity.principal import Principal

Call = Request[Principal, Any, Any]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100)]
Cursor = Annotated[str | None, QueryParameter(name="cursor", pattern=r"^[0-9a-f]{32}$")]
# Not as `Status | None`: the text `null` would be taken for none.
StatusSaid = Annotated[str | None, QueryParameter(name="status", pattern=f"^({'|'.join(STATUSES)})$")]


class WebhookController(Controller):
    path = "/v1/webhooks"

    @post("/")
    async def create(
        self, request: Call, data: JSONBody[NewWebhook], webhooks: Injected[Webhooks]
    ) -> MadeWebhook:
        who = request.user
        return _with_secret(await webhooks.create(who.user_id, data, who.session_id or ""))

    @get("/")
    async def list_own(self, request: Call, webhooks: Injected[Webhooks]) -> WebhookList:
        return WebhookList(tuple(each.shown() for each in await webhooks.all_of(request.user.user_id)))

    @get("/{webhook_id:str}")
    async def one(self, request: Call, webhook_id: FromPath[str], webhooks: Injected[Webhooks]) -> Webhook:
        return (await webhooks.get(request.user.user_id, webhook_id)).shown()

    @patch("/{webhook_id:str}")
    async def change(
        self,
        request: Call,
        webhook_id: FromPath[str],
        data: JSONBody[ChangeWebhook],
        webhooks: Injected[Webhooks],
    ) -> Webhook:
        return (await webhooks.change(request.user.user_id, webhook_id, data)).shown()

    @delete("/{webhook_id:str}")
    async def remove(self, request: Call, webhook_id: FromPath[str], webhooks: Injected[Webhooks]) -> None:
        await webhooks.remove(request.user.user_id, webhook_id)

    @post("/{webhook_id:str}/secret")
    async def change_secret(
        self, request: Call, webhook_id: FromPath[str], webhooks: Injected[Webhooks]
    ) -> MadeWebhook:
        return _with_secret(await webhooks.change_secret(request.user.user_id, webhook_id))

    @post("/{webhook_id:str}/test", status_code=HTTP_202_ACCEPTED)
    async def test(self, request: Call, webhook_id: FromPath[str], webhooks: Injected[Webhooks]) -> Delivery:
        return (await webhooks.test(request.user.user_id, webhook_id)).shown()

    @get("/{webhook_id:str}/deliveries")
    async def deliveries(
        self,
        request: Call,
        webhook_id: FromPath[str],
        webhooks: Injected[Webhooks],
        *,
        status: StatusSaid = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> DeliveryPage:
        # One more than asked for tells whether there is a next page.
        wanted = next((each for each in STATUSES if each == status), None)
        found = await webhooks.log(request.user.user_id, webhook_id, wanted, cursor, limit + 1)
        more = found[limit - 1].order if len(found) > limit else None
        return DeliveryPage(tuple(each.shown() for each in found[:limit]), more)

    @post("/{webhook_id:str}/deliveries/{delivery_id:str}/replay", status_code=HTTP_202_ACCEPTED)
    async def replay(
        self,
        request: Call,
        webhook_id: FromPath[str],
        delivery_id: FromPath[str],
        webhooks: Injected[Webhooks],
    ) -> Delivery:
        return (await webhooks.replay(request.user.user_id, webhook_id, delivery_id)).shown()


def _with_secret(made: Made) -> MadeWebhook:
    shown = made.endpoint.shown()
    return MadeWebhook(**{name: getattr(shown, name) for name in shown.__struct_fields__}, secret=made.secret)

"""HTTP routes of webhooks."""

from typing import Annotated, Any

from litestar import Controller, Request, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_202_ACCEPTED

from notification_service.webhooks.service import WebhookService
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
from shared.identity.scopes import READ, also_scoped, scoped

Call = Request[Principal, Any, Any]
Service = Injected[WebhookService]
Id = FromPath[str]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100)]
Cursor = Annotated[str | None, QueryParameter(name="cursor", pattern=r"^[0-9a-f]{32}$")]
# A string with a pattern, not `DeliveryStatus | None`: Litestar would read the text `null` as None.
StatusFilter = Annotated[str | None, QueryParameter(name="status", pattern=f"^({'|'.join(STATUSES)})$")]

# Messages may have links to the audio.
MESSAGES = also_scoped(READ)


class WebhookController(Controller):
    path = "/v1/webhooks"
    opt = scoped("webhooks")

    @post("/")
    async def create(self, request: Call, data: JSONBody[NewWebhook], webhooks: Service) -> MadeWebhook:
        caller = request.user
        links = may_read(caller)
        return await webhooks.create(caller.user_id, data, caller.session_id or "", links=links)

    @get("/")
    async def list_own(self, request: Call, webhooks: Service) -> WebhookList:
        owned = await webhooks.list_by_owner(request.user.user_id)
        return WebhookList(tuple(each.to_schema() for each in owned))

    @get("/{webhook_id:str}")
    async def read(self, request: Call, webhook_id: Id, webhooks: Service) -> Webhook:
        return (await webhooks.get(request.user.user_id, webhook_id)).to_schema()

    @patch("/{webhook_id:str}")
    async def update(
        self, request: Call, webhook_id: Id, data: JSONBody[ChangeWebhook], webhooks: Service
    ) -> Webhook:
        caller = request.user
        links, session_id = may_read(caller), caller.session_id or ""
        changed = await webhooks.update(caller.user_id, webhook_id, data, session_id, links=links)
        return changed.to_schema()

    @delete("/{webhook_id:str}")
    async def remove(self, request: Call, webhook_id: Id, webhooks: Service) -> None:
        await webhooks.delete(request.user.user_id, webhook_id)

    @post("/{webhook_id:str}/secret")
    async def rotate_secret(self, request: Call, webhook_id: Id, webhooks: Service) -> MadeWebhook:
        return await webhooks.rotate_secret(request.user.user_id, webhook_id)

    @post("/{webhook_id:str}/test", status_code=HTTP_202_ACCEPTED)
    async def send_test(self, request: Call, webhook_id: Id, webhooks: Service) -> Delivery:
        return (await webhooks.send_test(request.user.user_id, webhook_id)).to_schema()

    @get("/{webhook_id:str}/deliveries", opt=MESSAGES)
    async def list_deliveries(
        self,
        request: Call,
        webhook_id: Id,
        webhooks: Service,
        *,
        status: StatusFilter = None,
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> DeliveryPage:
        wanted = next((each for each in STATUSES if each == status), None)
        # One more than `limit`: its presence means that there is a next page.
        found = await webhooks.list_deliveries(request.user.user_id, webhook_id, wanted, cursor, limit + 1)
        next_cursor = found[limit - 1].order if len(found) > limit else None
        return DeliveryPage(tuple(each.to_schema() for each in found[:limit]), next_cursor)

    @post(
        "/{webhook_id:str}/deliveries/{delivery_id:str}/replay", opt=MESSAGES, status_code=HTTP_202_ACCEPTED
    )
    async def replay(self, request: Call, webhook_id: Id, delivery_id: Id, webhooks: Service) -> Delivery:
        return (await webhooks.replay(request.user.user_id, webhook_id, delivery_id)).to_schema()


def may_read(caller: Principal) -> bool:
    """True if the caller may read conversions, and so may have links to their audio sent."""
    return caller.scopes is None or READ in caller.scopes

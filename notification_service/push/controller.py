"""HTTP routes of push subscriptions, for browsers that are signed in."""

from typing import Any

from litestar import Controller, Request, delete, get, post
from litestar.params import FromPath, JSONBody

from notification_service.push.service import PushService
from shared.contracts.push import NewPushSubscription, PushKey, PushSubscription, PushSubscriptionList
from shared.http import Injected
from shared.identity.principal import Principal
from shared.identity.scopes import scoped

Call = Request[Principal, Any, Any]


class PushController(Controller):
    path = "/v1/push-subscriptions"
    # No API key has a scope for it.
    opt = scoped("push")

    @post("/")
    async def subscribe(
        self, request: Call, data: JSONBody[NewPushSubscription], push: Injected[PushService]
    ) -> PushSubscription:
        caller = request.user
        return (await push.subscribe(caller.user_id, caller.session_id or "", data)).to_schema()

    @get("/")
    async def list_own(self, request: Call, push: Injected[PushService]) -> PushSubscriptionList:
        owned = await push.list_by_owner(request.user.user_id)
        return PushSubscriptionList(tuple(each.to_schema() for each in owned))

    @get("/key")
    async def key(self, push: Injected[PushService]) -> PushKey:
        return PushKey(push.vapid.public_key)

    @delete("/{subscription_id:str}")
    async def unsubscribe(
        self, request: Call, subscription_id: FromPath[str], push: Injected[PushService]
    ) -> None:
        await push.unsubscribe(request.user.user_id, subscription_id)

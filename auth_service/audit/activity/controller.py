"""The activity endpoint."""

from litestar import Controller, get

from auth_service.audit.activity.schemas import activity_page
from auth_service.audit.activity.service import ActivityLog
from auth_service.tokens.principal import Principal
from auth_service.users.page_cursor import Cursor, Limit, Position, decode_cursor
from shared.contracts.activity import ActivityPage
from shared.http import Injected


class ActivityController(Controller):
    path = "/v1/auth/activity"

    @get()
    async def list_own(
        self,
        principal: Injected[Principal],
        activity: Injected[ActivityLog],
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> ActivityPage:
        before = decode_cursor(cursor, tuple[Position])[0] if cursor is not None else None
        return activity_page(await activity.list(principal.claims.sub, before, limit + 1), limit)

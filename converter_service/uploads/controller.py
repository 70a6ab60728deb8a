"""The route that takes a whole video in one request."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, post
from litestar.params import HeaderParameter
from litestar.status_codes import HTTP_202_ACCEPTED

from converter_service.conversions.owner import Owner
from converter_service.conversions.schemas import ConversionView, shown
from converter_service.uploads.request_body import Reception
from converter_service.uploads.service import Accepting
from shared.errors import ServiceError
from shared.http import Injected

# draft-ietf-httpapi-idempotency-key-header-07 §2.1 has a quoted string; the bare text means the same here.
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key", pattern=r'^"?[A-Za-z0-9._~:/+=-]{1,255}"?$'),
]


class UploadController(Controller):
    path = "/v1/conversions"
    tags = ("conversions",)

    @post("/", status_code=HTTP_202_ACCEPTED, request_max_body_size=None, summary="Send a video")
    async def create(
        self,
        request: Request[Owner, Any, Any],
        accepting: Injected[Accepting],
        reception: Injected[Reception],
        key: IdempotencyKey = None,
    ) -> Response[ConversionView]:
        """Takes `multipart/form-data` with a part `file`, or the bytes themselves."""
        body = reception.open(request)
        try:
            accepted = await accepting.accept(request.user, reception.incoming(request, body), key)
        except ServiceError:
            await body.drain()
            raise
        await body.drain()  # one that was known by its digest has not been read
        return Response(shown(accepted), headers={"Location": f"/v1/conversions/{accepted.id}"})

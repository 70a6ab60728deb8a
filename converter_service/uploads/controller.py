"""The route that takes a whole video in one request."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, post
from litestar.params import HeaderParameter
from litestar.status_codes import HTTP_202_ACCEPTED

from converter_service.conversions.public_paths import PublicPaths
from converter_service.conversions.schemas import ConversionView, to_view
from converter_service.uploads.acceptance import Acceptance
from shared.http import Injected
from shared.identity.principal import Principal

# draft-ietf-httpapi-idempotency-key-header-07 §2.1 defines a quoted string; a bare one is accepted too.
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key", pattern=r'^"?[A-Za-z0-9._~:/+=-]{1,255}"?$'),
]


class UploadController(Controller):
    path = "/v1/conversions"
    tags = ("conversions",)

    @post("/", status_code=HTTP_202_ACCEPTED, request_max_body_size=None, summary="Upload a video")
    async def create(
        self,
        request: Request[Principal, Any, Any],
        acceptance: Injected[Acceptance],
        paths: Injected[PublicPaths],
        key: IdempotencyKey = None,
    ) -> Response[ConversionView]:
        """Accepts `multipart/form-data` with a part `file`, the video itself as the body, or JSON that names
        a conversion whose video is converted again.
        """
        accepted = await acceptance.accept(request, key)
        return Response(to_view(accepted, paths), headers={"Location": paths.conversion(accepted.id)})

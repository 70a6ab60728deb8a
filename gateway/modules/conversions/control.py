"""Rename, cancel, retry and share a conversion; share an archive."""

from litestar import Controller

from gateway.identity.auth_guard import limited
from gateway.limits.rate_limit import Rate
from gateway.pass_through import forward
from shared.contracts.conversions import ArchiveWanted, Conversion, ConversionChange, Link, LinkWanted
from shared.identity.scopes import READ, also_scoped, scoped


class ArchiveLinkController(Controller):
    path = "/v1/conversions/archive"
    tags = ["conversions"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions")

    archive_link = forward(
        "POST",
        to="converter",
        body=ArchiveWanted,
        opt=also_scoped(READ),
        answer=Link,
        idempotent=True,
        status_code=201,
        success="The link",
        summary="Create a signed link to an archive of several audio files",
        operation_id="link_archive",
        problems=(400, 401, 403, 404, 408, 409, 410, 413, 415, 422),
    )


class ControlController(Controller):
    path = "/v1/conversions/{conversion_id:str}"
    tags = ["conversions"]  # noqa: RUF012 - Litestar's own form
    opt = scoped("conversions")

    change = forward(
        "PATCH",
        to="converter",
        body=ConversionChange,
        answer=Conversion,
        success="The conversion",
        summary="Give a conversion a title, or remove it",
        operation_id="change_conversion",
        problems=(400, 401, 403, 404, 408, 413, 415),
    )

    cancel = forward(
        "POST",
        "/cancel",
        to="converter",
        answer=Conversion,
        status_code=200,
        success="Cancelled",
        summary="Cancel a conversion; a running one stops at once",
        operation_id="cancel_conversion",
        problems=(400, 401, 403, 404, 409),
    )

    retry = forward(
        "POST",
        "/retry",
        to="converter",
        answer=Conversion,
        idempotent=True,
        status_code=202,
        opt=limited(Rate.UPLOAD),
        success="Accepted",
        summary="Retry a conversion that failed or was cancelled",
        operation_id="retry_conversion",
        problems=(400, 401, 403, 404, 409, 410, 422),
    )

    link = forward(
        "POST",
        "/link",
        to="converter",
        body=LinkWanted,
        opt=also_scoped(READ),
        body_default=LinkWanted(),
        answer=Link,
        idempotent=True,
        status_code=201,
        success="The link",
        summary="Create a signed link to the audio, which needs no token",
        operation_id="link_audio",
        problems=(400, 401, 403, 404, 408, 409, 410, 413, 415, 422),
    )

    end_links = forward(
        "DELETE",
        "/link",
        to="converter",
        summary="End all links to the audio that were made so far",
        operation_id="end_links",
        problems=(400, 401, 403, 404),
    )

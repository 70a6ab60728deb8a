"""The OpenAPI document's configuration: its head, where it is served, and how it is completed."""

import dataclasses
from functools import partial
from typing import Any

from litestar import MediaType, Response, Router
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OpenAPI, SecurityScheme, Server

from gateway.identity.auth_guard import public
from gateway.middleware.compression import compressible
from gateway.middleware.conditional_requests import shareable
from gateway.openapi.document import complete
from gateway.openapi.reference_files import ReferenceFiles
from gateway.openapi.schema_page import SchemaPage, page_policy
from shared.errors import NotFound
from shared.http.problems import problem

VERSION = "0.1.0"
MAX_AGE_S = 60


class Document(OpenAPI):
    """Completed when it is rendered."""

    def to_schema(self) -> dict[str, Any]:
        complete(self)
        return super().to_schema()


class DocumentConfig(OpenAPIConfig):
    """Makes a Document. Litestar generates it when it is read for the first time."""

    def to_openapi_schema(self) -> OpenAPI:
        made = super().to_openapi_schema()
        return Document(**{field.name: getattr(made, field.name) for field in dataclasses.fields(made)})


def openapi_config(public_url: str, files: ReferenceFiles | None = None) -> OpenAPIConfig:
    """The document is public, like the API that it describes. `files` are those of the API reference."""
    bearer = SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
    return DocumentConfig(
        title="Tonegate",
        version=VERSION,
        description="Upload a video, get its sound as audio, get a mail when it is done. "
        f"Served at {public_url}.",
        servers=[Server(url=public_url.rstrip("/"))],
        components=Components(security_schemes={"bearer": bearer}),
        render_plugins=[SchemaPage(public_url, files), JsonRenderPlugin()],
        openapi_router=Router(
            "/schema",
            route_handlers=[],
            opt=public | compressible | shareable(max_age_s=MAX_AGE_S),
            include_in_schema=False,
            after_request=partial(finish_response, page_policy(files)),
        ),
    )


async def finish_response(policy: str, response: Response[Any]) -> Response[Any]:
    """A problem in place of Litestar's own page for unknown paths below its schema, and the headers of the
    page, whose script has an access token: `policy` is its Content-Security-Policy.
    """
    if response.status_code == NotFound.status:
        return problem(NotFound())
    if response.media_type == MediaType.HTML:
        response.headers.update(
            {
                "Content-Security-Policy": policy,
                "Cross-Origin-Opener-Policy": "same-origin",
                "X-Frame-Options": "DENY",
            }
        )
    return response

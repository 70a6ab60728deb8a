"""A guard for calls that a cookie authenticates: refuses requests that another site's page has made (CSRF,
ASVS 5.0 §3.5.1).
"""

from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.enums import HttpMethod
from litestar.handlers import BaseRouteHandler

from gateway.asgi import header_values
from shared.errors import Forbidden

Connection = ASGIConnection[Any, Any, Any, Any]


async def same_origin(connection: Connection, _: BaseRouteHandler) -> None:
    """Raises Forbidden unless a page of this server has made the request.

    Browsers send Sec-Fetch-Site, which no script can set (Fetch Metadata §2.4); on plain HTTP outside the
    machine they send Origin alone. A request with neither is no browser's and is refused as well.
    """
    if connection.scope.get("method") == HttpMethod.OPTIONS:
        return
    sites = header_values(connection.scope["headers"], b"sec-fetch-site")
    if sites != [b"same-origin"] if sites else not has_own_origin(connection):
        raise Forbidden("Only the page of this server may make this call.")


def has_own_origin(connection: Connection) -> bool:
    """True when Origin has the host and port that the request was sent to."""
    origins = header_values(connection.scope["headers"], b"origin")
    hosts = header_values(connection.scope["headers"], b"host")
    if len(origins) != 1 or len(hosts) != 1:
        return False
    own = urlsplit(origins[0].decode("latin-1")).netloc.lower()
    return own != "" and own == hosts[0].decode("latin-1").lower()

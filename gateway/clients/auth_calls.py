"""How auth_service is called: with the gateway's credentials, and told whom it is called for."""

from datetime import timedelta
from typing import TypeVar

import aiohttp
import msgspec
from yarl import URL

from gateway.identity.client_origin import origin
from gateway.proxy.http_sessions import CONNECT_S
from gateway.proxy.upstream_errors import BadAnswer, read_answer, refusal
from shared.contracts.headers import REVOKED_SESSION
from shared.errors import ServiceError, Unauthenticated, Unavailable
from shared.logs import correlation_id, get_logger
from shared.settings import Secret

T = TypeVar("T")

WITHIN = timedelta(seconds=10)


class SessionEnded(Unauthenticated):
    """A refusal that ended a session at the same time: whatever is known of `session_id` is old."""

    def __init__(self, refused: ServiceError, session_id: str) -> None:
        super().__init__(refused.detail, headers=refused.headers)
        self.session_id = session_id


class AuthCalls:
    """Every method of those that inherit it raises PassedOn for auth_service's own problems, SessionEnded
    when one of them ended a session, and Unavailable, within seconds, when it cannot be reached.
    """

    def __init__(self, session: aiohttp.ClientSession, service: str, secret: Secret) -> None:
        self._session, self._origin, self._time_limit = session, URL(service).origin(), time_limit(WITHIN)
        basic = aiohttp.encode_basic_auth("gateway", secret.reveal(), encoding="utf-8")
        self._credentials = Secret(basic)

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[T],
        body: object = None,
        token: Secret | None = None,
        *,
        query: dict[str, str] | None = None,
    ) -> T:
        return decoded(await self._send(method, path, body, token, query=query), answer)

    async def _send(
        self,
        method: str,
        path: str,
        body: object = None,
        token: Secret | None = None,
        *,
        query: dict[str, str] | None = None,
    ) -> bytes:
        url = self._origin.with_path(path)
        try:
            async with self._session.request(
                method,
                url.with_query(query) if query else url,
                data=None if body is None else msgspec.json.encode(body),
                headers=self._headers(token, has_body=body is not None),
                allow_redirects=False,
                timeout=self._time_limit,
            ) as response:
                content = await read_answer(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unavailable(error) from error
        if response.status >= 300:
            self._check_credentials(response)
            raise _refused(response, content)
        return content

    def _headers(self, token: Secret | None, *, has_body: bool) -> dict[str, str]:
        headers = {
            "X-Request-ID": correlation_id.get(),
            "Accept": "application/json",
            "Tonegate-Gateway-Authorization": self._credentials.reveal(),
            **origin.get().headers(),
        }
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        if has_body:
            headers["Content-Type"] = "application/json"
        return headers

    def _check_credentials(self, response: aiohttp.ClientResponse) -> None:
        """Raises BadAnswer when it is our own credentials that were refused, not the client's."""
        scheme = response.headers.get("WWW-Authenticate", "").partition(" ")[0]
        if response.status == 401 and scheme.lower() == "basic":
            get_logger(__name__).error("auth_service refused the gateway's credentials")
            raise BadAnswer("Accounts cannot be reached right now.")


def _refused(response: aiohttp.ClientResponse, content: bytes) -> ServiceError:
    error = refusal(response.status, response.headers, content)
    ended = response.headers.get(REVOKED_SESSION)
    return SessionEnded(error, ended) if ended and error.status == Unauthenticated.status else error


def decoded(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer("The service gave an answer that cannot be read.") from error


def time_limit(within: timedelta) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=within.total_seconds(), connect=CONNECT_S, sock_connect=CONNECT_S)


def unavailable(error: Exception) -> Unavailable:
    get_logger(__name__).warning("auth_service did not answer", reason=type(error).__name__)
    return Unavailable("Accounts cannot be reached right now.")

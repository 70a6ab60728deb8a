"""The asynchronous client of a Tonegate server."""

from types import TracebackType

import httpx

from tonegate_client.accounts import Accounts, key_credentials
from tonegate_client.admin import Admin
from tonegate_client.api_keys import ApiKeys
from tonegate_client.bearer import Bearer
from tonegate_client.conversions import Conversions
from tonegate_client.credentials import CredentialStore, MemoryCredentials
from tonegate_client.downloads import Downloads
from tonegate_client.models import Ready, TokenPair
from tonegate_client.presets import Presets
from tonegate_client.problems import Problem
from tonegate_client.retry_policy import RetryPolicy
from tonegate_client.transport import OnWait, Request, Transport
from tonegate_client.upload_transfer import UploadTransfer
from tonegate_client.uploads import Uploads
from tonegate_client.webhooks import Webhooks

USER_AGENT = "tonegate-client/0.1"
TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)


class Client:
    """A client of one server and account. Use it as a context manager, in one event loop.

    `credentials` keeps the tokens; `api_key` takes their place. `on_wait` is called
    before each pause. Calls are parts of the attributes below.
    """

    def __init__(
        self,
        server: str,
        *,
        api_key: str | None = None,
        credentials: CredentialStore | None = None,
        policy: RetryPolicy | None = None,
        on_wait: OnWait | None = None,
        http_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if api_key is not None:
            credentials = MemoryCredentials(key_credentials(api_key))
        self.store = credentials or MemoryCredentials()
        self.server = server.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.server,
            timeout=TIMEOUT,
            transport=http_transport,
            headers={"User-Agent": USER_AGENT},
        )
        policy = policy or RetryPolicy()
        bearer = Bearer(self.store, self._refresh)
        self._public = Transport(self._http, None, policy)
        transport = Transport(self._http, bearer, policy, on_wait)
        self.accounts = Accounts(transport, self.store, bearer)
        self.admin = Admin(transport)
        self.api_keys = ApiKeys(transport)
        self.conversions = Conversions(transport)
        self.downloads = Downloads(transport)
        self.presets = Presets(transport)
        self.uploads = Uploads(transport)
        self.transfer = UploadTransfer(self.uploads)
        self.webhooks = Webhooks(transport)

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def ready(self) -> Ready:
        """The state of the server's dependencies, also when it is not ready."""
        try:
            return await self._public.fetch(Request("GET", "readyz"), Ready)
        except Problem as problem:
            checks = problem.members.get("checks")
            if not isinstance(checks, dict):
                raise
            return Ready(status=problem.code, checks={name: str(value) for name, value in checks.items()})

    async def _refresh(self, refresh_token: str) -> TokenPair:
        # Not repeated after a lost response: the token is spent then.
        body = {"refresh_token": refresh_token}
        return await self._public.fetch(Request("POST", "v1/auth/refresh", body=body), TokenPair)

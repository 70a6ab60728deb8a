"""What a pass-through route calls: the service and its path."""

from typing import Any, Protocol

from litestar import Request

from gateway.identity.principal import Principal
from gateway.proxy.path_segments import require_plain
from gateway.query import Query

AnyRequest = Request[Any, Any, Any]


class JsonUpstream(Protocol):
    """A service that is called with JSON."""

    async def forward(
        self,
        request: AnyRequest,
        path: str,
        answer: Any,
        *,
        body: object = None,
        caller: Principal | None = None,
        query: Query = (),
    ) -> object:
        """The body of the service's response, as `answer` or as JSON; None when `answer` is None."""


def upstream_path(request: AnyRequest) -> str:
    """The path of the route with the values of its parameters. Raises NotFound for a value with
    other characters than those of identifiers, so that it cannot change the path.
    """
    values = {name: require_plain(str(value)) for name, value in request.path_params.items()}
    return request.scope["path_template"].format(**values)

"""Bodies of calls about mails."""

from typing import Annotated

import msgspec


class DeclineToken(msgspec.Struct, frozen=True):
    """The token of a link "this was not me"."""

    token: Annotated[str, msgspec.Meta(max_length=512)]

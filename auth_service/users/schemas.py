"""Field types shared by request bodies."""

from typing import Annotated

import msgspec

from auth_service.users.address import MAX_LENGTH

Address = Annotated[str, msgspec.Meta(max_length=MAX_LENGTH, examples=["ada@example.com"])]
# Counted in characters, to bound the work; the limit in bytes is checked after normalisation.
Password = Annotated[str, msgspec.Meta(max_length=1024, examples=["correct horse battery staple"])]

"""Field types that several request bodies share."""

from datetime import datetime
from typing import Annotated

import msgspec

Email = Annotated[
    str,
    msgspec.Meta(
        min_length=3,
        max_length=254,
        pattern=r"^[!-?A-~]+@[A-Za-z0-9.-]+$",  # auth_service validates the address in full
        description="An e-mail address.",
        examples=["a@example.com"],
    ),
]
AnyText = Annotated[
    str, msgspec.Meta(max_length=254, description="An e-mail address.", examples=["a@example.com"])
]
Password = Annotated[
    str,
    msgspec.Meta(max_length=1024, description="Any characters.", examples=["correct horse battery staple"]),
]
MailedToken = Annotated[str, msgspec.Meta(max_length=256, description="The token of a mailed link.")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

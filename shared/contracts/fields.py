"""Field types that several request bodies share."""

from datetime import datetime
from typing import Annotated

import msgspec

Email = Annotated[
    str,
    msgspec.Meta(
        min_length=3,
        max_length=254,
        # Blanks around an address are ignored; auth_service validates it in full.
        pattern=r"^\s*[^\s@]+@[^\s@]+\s*$",
        description="An email address, also an international one.",
        examples=["a@example.com"],
    ),
]
AnyText = Annotated[
    str, msgspec.Meta(max_length=254, description="An email address.", examples=["a@example.com"])
]
Password = Annotated[
    str,
    msgspec.Meta(max_length=1024, description="Any characters.", examples=["correct horse battery staple"]),
]
MailedToken = Annotated[str, msgspec.Meta(max_length=256, description="The token of a mailed link.")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

"""Where the links in account mails lead. Pure."""

import re

TOKEN = "{token}"  # noqa: S105 - the place of one
# Nothing that could end a line or an attribute of HTML; the rest is the operator's own.
TEMPLATE = re.compile(r"https?://[^\s\"'<>\\^`{}]+\{token\}[^\s\"'<>\\^`{}]*")
SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")


class BadLink(ValueError):
    """Its message says what a template looks like."""


class Link:
    """Puts a secret into a template such as `https://app.example.org/verify#token={token}`.

    Behind a `#` the secret stays in the reader's browser: it reaches no server's log and no Referer header.
    """

    def __init__(self, template: str) -> None:
        if TEMPLATE.fullmatch(template) is None:
            raise BadLink(f"it should be an http(s) address with {TOKEN} where the secret goes")
        self._template = template

    def to(self, secret: str) -> str:
        """Raises BadLink for a secret that is not one of ours."""
        if SECRET.fullmatch(secret) is None:
            raise BadLink("the secret is not one that can stand in a link")
        return self._template.replace(TOKEN, secret)

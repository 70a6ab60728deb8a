"""Link templates of account emails."""

import re

from notification_service.email.errors import InvalidEmail

TOKEN = "{token}"  # noqa: S105 - a placeholder
# Excludes whitespace and characters that end a line or an HTML attribute.
TEMPLATE = re.compile(r"https?://[^\s\"'<>\\^`{}]+\{token\}[^\s\"'<>\\^`{}]*")
TOKEN_FORMAT = re.compile(r"[A-Za-z0-9_-]{16,256}")


class InvalidLink(ValueError):
    """The link template is malformed; the message says what is expected."""


class LinkTemplate:
    """A URL with a placeholder for a token, such as `https://app.example.org/verify#token={token}`.

    A token in the fragment stays in the browser: it reaches no server log and no Referer header.
    """

    def __init__(self, template: str) -> None:
        """Raises InvalidLink unless `template` is an http(s) URL with one `{token}`."""
        if TEMPLATE.fullmatch(template) is None:
            raise InvalidLink(f"it should be an http(s) address with {TOKEN} where the secret goes")
        self._template = template

    def expand(self, token: str) -> str:
        """Returns the URL with the token. Raises InvalidEmail for a malformed token."""
        if TOKEN_FORMAT.fullmatch(token) is None:
            raise InvalidEmail("the token is malformed")
        return self._template.replace(TOKEN, token)

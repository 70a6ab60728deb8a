"""HTML pages with one form and one script, which a Content-Security-Policy restricts to these."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

import msgspec

HERE = Path(__file__).parent
# The address alone does not prove that its reader made the account.
VERIFY_FIELDS = """<p><label for="password">Your password</label>
<input id="password" name="password" type="password" required maxlength="128" autocomplete="current-password">
<small>If you did not make this account, do not confirm it: close this page.</small></p>
<p><small>An account without a password is confirmed <a data-fragment="confirm" href="./">while you are signed
in</a>.</small></p>
"""
RESET_FIELDS = """<p><label for="password">New password</label>
<input id="password" name="password" type="password" required maxlength="128" autocomplete="new-password">
<small>At least 8 characters; a few unusual words are easy to remember and hard to guess.</small></p>
"""


class Page(msgspec.Struct, frozen=True):
    """A rendered page and its headers."""

    html: str
    headers: Mapping[str, str]


def verify_page() -> Page:
    """Email verification. The token is used when the button is pressed, because mail scanners open links."""
    return _page(
        title="Confirm your address",
        introduction="Confirm that this address and its account are yours.",
        call="v1/auth/email/verify",
        done="Thank you: your address is confirmed. You may close this page.",
        button="Confirm my address",
        fields=VERIFY_FIELDS,
    )


def reset_page() -> Page:
    """Password reset."""
    return _page(
        title="Choose a new password",
        introduction="You will be signed out everywhere, and your API keys, webhooks and links to audio end.",
        call="v1/auth/password/reset",
        done="Your password is changed. Sign in with the new one. You may close this page.",
        button="Change my password",
        fields=RESET_FIELDS,
    )


def _page(*, fields: str = "", **words: str) -> Page:
    """`call` is the URL of the API, relative to the page, so that both may have a proxy's prefix."""
    style, script = (HERE / "frame.css").read_text(), (HERE / "frame.js").read_text()
    escaped = {name: escape(text) for name, text in words.items()}
    frame = Template((HERE / "frame.html").read_text())
    html = frame.substitute(escaped, style=style, script=script, fields=fields)
    return Page(html, page_headers(style, script))


def page_headers(style: str, script: str = "", form_action: str = "'none'") -> Mapping[str, str]:
    """CSP 3: only the page's own style, script and API are allowed; it cannot be framed, and by default not
    submitted.
    """
    allowed = (f"script-src '{_digest(script)}'", "connect-src 'self'") if script else ()
    policy = (
        "default-src 'none'",
        f"style-src '{_digest(style)}'",
        *allowed,
        "base-uri 'none'",
        f"form-action {form_action}",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

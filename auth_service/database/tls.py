"""TLS of connections to PostgreSQL, from the parameters of a libpq URL."""

import ssl
from typing import Final

from sqlalchemy.engine import URL

from shared.settings import SettingsError

PARAMETERS: Final = ("sslmode", "sslrootcert", "sslcert", "sslkey")
# libpq's modes that do not verify a certificate, which asyncpg knows by the same names.
UNVERIFIED: Final = frozenset({"disable", "allow", "prefer", "require"})
# The value of sslrootcert that stands for the authorities of the system.
SYSTEM: Final = "system"


def without_tls_parameters(url: URL) -> URL:
    """The URL without the parameters that `ssl_argument` reads, which the driver does not know."""
    return url.difference_update_query(PARAMETERS)


def ssl_argument(url: URL) -> dict[str, ssl.SSLContext | str]:
    """asyncpg's argument `ssl`, or none if the URL does not mention TLS.

    `verify-full` checks certificate and host name, `verify-ca` the certificate only. `sslrootcert` names the
    trusted authorities; the default is those of the system. As in libpq, `require` with `sslrootcert` is
    `verify-ca`, and `sslrootcert=system` alone is `verify-full`. Raises SettingsError for an unknown mode and
    for files that cannot be used.
    """
    given = {name: _text(url, name) for name in PARAMETERS}
    roots, mode = given["sslrootcert"], given["sslmode"]
    if roots == SYSTEM:
        mode = mode or "verify-full"
    if mode == "require" and roots:
        mode = "verify-ca"
    if mode in {"verify-full", "verify-ca"}:
        return {"ssl": _context(given, check_hostname=mode == "verify-full")}
    if mode and mode not in UNVERIFIED:
        raise SettingsError(
            f"AUTH_DATABASE_URL: sslmode {mode!r} is unknown; it needs one such as verify-full"
        )
    return {"ssl": mode} if mode else {}


def _context(given: dict[str, str], *, check_hostname: bool) -> ssl.SSLContext:
    roots = given["sslrootcert"]
    try:
        context = ssl.create_default_context(cafile=None if roots in {"", SYSTEM} else roots)
        if given["sslcert"]:
            context.load_cert_chain(given["sslcert"], given["sslkey"] or None)
    except OSError as error:  # ssl.SSLError too
        raise SettingsError(f"AUTH_DATABASE_URL: its certificate files cannot be used ({error})") from None
    context.check_hostname = check_hostname
    return context


def _text(url: URL, name: str) -> str:
    value = url.query.get(name, "")
    return value if isinstance(value, str) else value[-1]

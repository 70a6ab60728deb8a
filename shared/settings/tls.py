"""Settings of TLS between the services: a certificate to serve with, and authorities to trust."""

import ssl
from pathlib import Path
from typing import Annotated

import msgspec

from shared.settings.loader import Env, SettingsError


class ServerCertificate(msgspec.Struct, frozen=True):
    """PEM files of a certificate chain and its key."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """A context for servers, TLS 1.2 or later. Raises OSError for files that cannot be used."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        return context


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the settings of each service."""

    tls_certificate: Annotated[Path | None, Env("TLS_CERTIFICATE")] = None
    """PEM file of a certificate chain. With it and `TLS_KEY` the process serves https."""
    tls_key: Annotated[Path | None, Env("TLS_KEY")] = None
    """PEM file of the certificate's key."""
    tls_ca: Annotated[Path | None, Env("TLS_CA")] = None
    """PEM file of the authorities that are trusted in calls to other services; without it those of the
    system.
    """

    def server_certificate(self) -> ServerCertificate | None:
        """What the service's port is served with; None for plain HTTP. Raises SettingsError."""
        if self.tls_certificate is None and self.tls_key is None:
            return None
        if self.tls_certificate is None or self.tls_key is None:
            raise SettingsError("TLS_CERTIFICATE and TLS_KEY: one is set without the other")
        made = ServerCertificate(self.tls_certificate, self.tls_key)
        try:
            made.context()
        except OSError as error:  # ssl.SSLError too
            raise SettingsError(f"TLS_CERTIFICATE, TLS_KEY: they cannot be used ({error})") from None
        return made

    def client_context(self) -> ssl.SSLContext:
        """For calls to other services: trusts the authorities of TLS_CA, else those of the system. Raises
        SettingsError.
        """
        try:
            return ssl.create_default_context(cafile=self.tls_ca)
        except OSError as error:
            raise SettingsError(f"TLS_CA: it cannot be used ({error})") from None

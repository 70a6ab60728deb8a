"""Parsing of SMTP URLs."""

import pytest

from notification_service.email.smtp_server import SmtpServer
from shared.settings import Secret


def test_a_bare_host_means_port_25_with_opportunistic_tls() -> None:
    assert SmtpServer.from_url("smtp://mail.example") == SmtpServer(host="mail.example", port=25, tls="auto")


def test_a_login_requires_verified_tls() -> None:
    server = SmtpServer.from_url("smtp://ann%40example.org:p%2Fss%20word@mail.example")
    assert (server.port, server.tls, server.user) == (587, "required", "ann@example.org")
    assert server.password == Secret("p/ss word")


def test_a_login_without_tls_is_explicit() -> None:
    assert SmtpServer.from_url("smtp://ann:x@mail.example:2525?starttls=never").tls == "never"


def test_smtps_is_encrypted_from_the_first_byte() -> None:
    server = SmtpServer.from_url("smtps://mail.example?helo=tonegate.example")
    assert (server.port, server.tls, server.helo) == (465, "implicit", "tonegate.example")


def test_an_address_may_be_ip_version_6() -> None:
    assert SmtpServer.from_url("smtp://[::1]:1025").host == "::1"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example:25",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example/inbox",
        "smtp://mail.example?starttls=maybe",
        "smtp://mail.example?starttls=implicit",
        "smtps://mail.example?starttls=never",
        "smtp://mail.example?timeout=3",
        "smtp://ann:s3cr/et@mail.example",
        "smtp://ann:s3cr#et@mail.example",
        "smtp://mail.example:99999",
        "smtp://ann:s3cret@[mail.example",
        "smtp://ann:s3cret@mail\uff0f.example",
        "smtp://mail.example?helo=a%20b",
        "smtp://mail.example?helo=a%0d%0aRSET",
    ],
)
def test_a_malformed_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="it should look like") as refused:
        SmtpServer.from_url(url)
    assert "s3cr" not in str(refused.value)


def test_the_password_is_not_in_the_repr() -> None:
    assert "s3cret" not in repr(SmtpServer.from_url("smtp://ann:s3cret@mail.example"))

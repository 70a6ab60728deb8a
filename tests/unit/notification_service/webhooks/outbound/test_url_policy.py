"""Which URLs and addresses webhooks may use."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notification_service.webhooks.outbound.address_policy import AddressPolicy, parse_networks
from notification_service.webhooks.outbound.url_policy import InvalidWebhookUrl, UrlPolicy

URLS = UrlPolicy(AddressPolicy())

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001::"]


def written(address: str) -> str:
    return f"https://[{address.replace('%', '%25')}]/x" if ":" in address else f"https://{address}/x"


@pytest.mark.parametrize("address", PRIVATE)
def test_a_non_public_address_is_not_allowed(address: str) -> None:
    assert not AddressPolicy().allows(ip_address(address.partition("%")[0]))
    with pytest.raises(InvalidWebhookUrl):
        URLS.parse(written(address))


@pytest.mark.parametrize(
    "host",
    [
        "mongo",
        "RABBITMQ",
        "gateway.",
        "localhost",
        "x.localhost",
        "a.local",
        "db.Internal",
        "a.home.arpa",
    ],
)
def test_a_local_name_is_refused_as_a_private_address_is(host: str) -> None:
    with pytest.raises(InvalidWebhookUrl) as refused:
        URLS.parse(f"https://{host}/x")
    with pytest.raises(InvalidWebhookUrl) as private:
        URLS.parse("https://10.0.0.1/x")
    assert refused.value.errors == private.value.errors


def test_a_local_name_is_allowed_where_the_operator_allows_a_network() -> None:
    own = UrlPolicy(AddressPolicy(parse_networks(["10.1.0.0/16"])))
    assert own.parse("https://hooks/x").raw_host == "hooks"


@pytest.mark.parametrize(
    "host", ["hooks.example.org", "local.example.org", "localhost.example.org", "internal.de"]
)
def test_a_public_name_that_resembles_a_local_one_is_allowed(host: str) -> None:
    assert URLS.parse(f"https://{host}/x").raw_host == host


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert AddressPolicy().allows(ip_address(address))
    URLS.parse(written(address))


@given(st.ip_addresses())
def test_no_address_that_python_calls_special_is_allowed(address: object) -> None:
    found = ip_address(str(address))
    if AddressPolicy().allows(found):
        assert found.is_global
        assert not found.is_multicast


def test_only_the_configured_networks_are_allowed_in_addition() -> None:
    policy = AddressPolicy(parse_networks(["10.1.0.0/16", "fd00::/8"]))
    assert policy.allows(ip_address("10.1.2.3"))
    assert policy.allows(ip_address("fd00::1"))
    assert not policy.allows(ip_address("10.2.0.1"))
    assert not policy.allows(ip_address("::ffff:10.2.0.1"))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com/x", "must begin with https"),
        ("ftp://example.com/x", "must begin with https"),
        ("file:///etc/passwd", "must begin with https"),
        ("//example.com/x", "must begin with https"),
        ("example.com", "must begin with https"),
        ("https:///x", "has no host"),
        ("https://user@example.com/", "must hold no user name"),
        ("https://user:password@example.com/", "must hold no user name"),
        ("https://:password@example.com/", "must hold no user name"),
        ("https://example.com/#part", "must have no fragment"),
        ("https://example.com/#", "must have no fragment"),
        ("https://example.com:0/", "must have port"),
        ("https://example.com:22/", "must have port"),
        ("https://example.com:25/", "must have port"),
        ("https://example.com:65536/", "is not a URL"),
        ("https://[::1/", "is not a URL"),
        ("https://example.com\\@127.0.0.1/", "is not a URL"),
        ("https://exa mple.com/", "neither a name nor an address"),
        ("https://a..b/", "neither a name nor an address"),
        ("https://%31%32%37.0.0.1/", "neither a name nor an address"),
        ("https://127.1/", "neither a name nor an address"),
        ("https://0x7f.1/", "neither a name nor an address"),
        ("https://0x7f000001/", "neither a name nor an address"),
        ("https://2130706433/", "neither a name nor an address"),
        ("https://0177.0.0.1/", "neither a name nor an address"),
        ("https://127.0.0.1./", "neither a name nor an address"),
        ("https://①②⑦.⓪.⓪.①/", "may not be called"),
        ("https://127。0。0。1/", "may not be called"),
        ("https://[::ffff:7f00:1]/", "may not be called"),
    ],
)
def test_an_invalid_url_is_refused_with_the_reason(url: str, says: str) -> None:
    with pytest.raises(InvalidWebhookUrl) as refused:
        URLS.parse(url)
    (error,) = refused.value.errors
    assert error.field == "url"
    assert says in error.message


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:443/x?y=1",
        "https://example.com:8443/",
        "https://hooks.example.com./x",
        "https://bücher.example/x",
        "https://8.8.8.8/x",
    ],
)
def test_ordinary_urls_are_accepted(url: str) -> None:
    URLS.parse(url)


def test_plain_http_is_accepted_if_configured() -> None:
    assert UrlPolicy(AddressPolicy(), http=True).parse("http://example.com:8080/x").port == 8080

"""Loading of settings from environment variables, and the errors for invalid ones."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from shared.settings import (
    Env,
    HttpOrigin,
    HttpUrl,
    Secret,
    SettingsError,
    duration,
    fields_of,
    load,
    path_prefix,
)


class Example(msgspec.Struct, frozen=True, kw_only=True):
    url: Annotated[Secret, Env("EXAMPLE_URL")]
    key: Annotated[Secret, Env("EXAMPLE_KEY", at_least=8)] = Secret("a default key")
    port: Annotated[int, Env("EXAMPLE_PORT", at_least=1)] = 8000
    wait: Annotated[timedelta, Env("EXAMPLE_WAIT")] = timedelta(seconds=5)
    proxies: Annotated[tuple[str, ...], Env("EXAMPLE_PROXIES")] = ()
    colour: Annotated[Literal["red", "blue"], Env("EXAMPLE_COLOUR")] = "red"
    verbose: Annotated[bool, Env("EXAMPLE_VERBOSE")] = False
    folder: Annotated[Path | None, Env("EXAMPLE_FOLDER")] = None
    site: Annotated[HttpUrl, Env("EXAMPLE_SITE")] = "http://127.0.0.1:8000"
    service: Annotated[HttpOrigin, Env("EXAMPLE_SERVICE")] = "http://127.0.0.1:8001"


def test_every_variable_is_read_in_its_own_type() -> None:
    settings = load(
        Example,
        {
            "EXAMPLE_URL": "amqp://u:p@host",
            "EXAMPLE_PORT": "9000",
            "EXAMPLE_WAIT": "15m",
            "EXAMPLE_PROXIES": "10.0.0.0/8, ::1",
            "EXAMPLE_COLOUR": "blue",
            "EXAMPLE_VERBOSE": "yes",
            "EXAMPLE_FOLDER": "/srv",
        },
    )
    assert settings.url.reveal() == "amqp://u:p@host"
    assert (settings.port, settings.wait, settings.colour) == (9000, timedelta(minutes=15), "blue")
    assert settings.proxies == ("10.0.0.0/8", "::1")
    assert settings.verbose
    assert settings.folder == Path("/srv")


@pytest.mark.parametrize(
    "url", ["http://host", "https://host.example:8443", "http://[::1]:8000", "https://host/tonegate/"]
)
def test_an_internal_address_is_read_unchanged(url: str) -> None:
    assert load(Example, {"EXAMPLE_URL": "x", "EXAMPLE_SITE": url}).site == url


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "host:8000",
        "ftp://host",
        "http://",
        "http:///path",
        "http://host?x=1",
        "http://host#top",
        "http://host:port",
        "http://host:99999",
        "http://ho st",
        "http://user:secret@host",
        "http://[::1",
        "javascript:alert(1)//http://host",
    ],
)
@pytest.mark.parametrize("variable", ["EXAMPLE_SITE", "EXAMPLE_SERVICE"])
def test_an_invalid_address_is_refused_by_variable_name(variable: str, url: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable}: .*; it needs a URL such as http"):
        load(Example, {"EXAMPLE_URL": "x", variable: url})


def test_a_service_is_named_without_a_path() -> None:
    with pytest.raises(SettingsError, match="EXAMPLE_SERVICE"):
        load(Example, {"EXAMPLE_URL": "x", "EXAMPLE_SERVICE": "http://host/path"})


def test_a_missing_variable_is_named_with_its_format() -> None:
    with pytest.raises(SettingsError, match="EXAMPLE_URL is not set; it needs a secret text"):
        load(Example, {})


def test_all_wrong_variables_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load(Example, {"EXAMPLE_PORT": "many", "EXAMPLE_WAIT": "soon", "EXAMPLE_COLOUR": "pink"})
    assert len(str(caught.value).splitlines()) == 4
    assert "EXAMPLE_COLOUR: 'pink' is none of them; it needs one of red, blue" in str(caught.value)


@pytest.mark.parametrize(("variable", "value"), [("EXAMPLE_PORT", "0"), ("EXAMPLE_KEY", "short")])
def test_a_value_below_its_minimum_is_refused(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        load(Example, {"EXAMPLE_URL": "x", variable: value})


def test_an_empty_variable_counts_as_unset() -> None:
    assert load(Example, {"EXAMPLE_URL": "x", "EXAMPLE_PORT": ""}).port == 8000


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("from-a-file\n")
    settings = load(Example, {"EXAMPLE_URL_FILE": str(tmp_path / "url")})
    assert settings.url.reveal() == "from-a-file"


def test_the_variable_overrides_its_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("from-a-file")
    environment = {"EXAMPLE_URL": "direct", "EXAMPLE_URL_FILE": str(tmp_path / "url")}
    assert load(Example, environment).url.reveal() == "direct"


def test_an_unreadable_file_is_named() -> None:
    with pytest.raises(SettingsError, match="EXAMPLE_URL_FILE cannot be read"):
        load(Example, {"EXAMPLE_URL_FILE": "/no/such/file"})


def test_a_wrong_secret_never_appears_in_the_error() -> None:
    with pytest.raises(SettingsError) as caught:
        load(Example, {"EXAMPLE_URL": "x", "EXAMPLE_KEY": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_a_secret_hides_itself_when_printed() -> None:
    assert "hunter2" not in f"{Secret('hunter2')} {Secret('hunter2')!r}"


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("1.5h", 5400), ("7d", 604_800)])
def test_durations_are_read_in_the_usual_units(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


def test_a_field_without_a_variable_is_a_programming_error() -> None:
    class Unnamed(msgspec.Struct):
        port: int = 1

    with pytest.raises(TypeError, match="names no environment variable"):
        fields_of(Unnamed)


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        ("https://example.org", ""),
        ("https://example.org/", ""),
        ("https://example.org/media/", "/media"),
        ("https://example.org/a/b%20c", "/a/b%20c"),
        ("https://example.org//evil.example/", "/evil.example"),
        ('https://example.org/a"b', "/a%22b"),
    ],
)
def test_the_prefix_of_paths_is_the_path_of_a_base_url(url: str, prefix: str) -> None:
    assert path_prefix(url) == prefix


def test_each_key_of_a_list_has_to_be_long_enough() -> None:
    class Keys(msgspec.Struct, frozen=True):
        keys: Annotated[Secret, Env("KEYS", at_least=8)]

    assert [each.reveal() for each in load(Keys, {"KEYS": "12345678, abcdefgh"}).keys.split()] == [
        "12345678",
        "abcdefgh",
    ]
    for short in ("12345678,abc", "12345678,", "1234567"):
        with pytest.raises(SettingsError, match="KEYS: too short"):
            load(Keys, {"KEYS": short})

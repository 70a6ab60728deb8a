"""Expiry of the gateway's pooled connections, compared with the stop of a service."""

from gateway.proxy.http_sessions import KEEPALIVE_S
from shared.http.server import MAX_QUIET_S, QUIET_S


def test_a_pooled_connection_expires_before_a_stopping_service_closes_it() -> None:
    assert KEEPALIVE_S + 0.25 <= QUIET_S <= MAX_QUIET_S

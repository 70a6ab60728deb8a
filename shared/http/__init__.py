"""How every service speaks HTTP: one kind of problem, one request id, the same health routes."""

from shared.http.application import AsyncGuard, Injected, Wiring, application
from shared.http.health import Check, in_turn
from shared.http.problems import Problem
from shared.http.server import Address, Listeners, serve

__all__ = [
    "Address",
    "AsyncGuard",
    "Check",
    "Injected",
    "Listeners",
    "Problem",
    "Wiring",
    "application",
    "in_turn",
    "serve",
]

"""HTTP for every service: application, server, problem responses, request ids, health routes."""

from shared.http.application import AsyncGuard, Injected, Wiring, application
from shared.http.problems import Problem
from shared.http.readiness import Check, in_turn
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

"""HTTP for every service: application, server, problem responses, request ids, health routes."""

from shared.http.application import AsyncGuard, Injected, Wiring, build_application
from shared.http.problems import Problem
from shared.http.readiness import Check, check_in_turn
from shared.http.server import Address, Listeners, serve

__all__ = [
    "Address",
    "AsyncGuard",
    "Check",
    "Injected",
    "Listeners",
    "Problem",
    "Wiring",
    "build_application",
    "check_in_turn",
    "serve",
]

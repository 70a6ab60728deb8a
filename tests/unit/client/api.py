"""Bodies of the API's responses, for tests of the command."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.unit.client.server import conversion, problem

AT = "2026-11-20T10:00:00Z"
HOOK = {
    "id": "w1",
    "url": "https://example.com/hook",
    "events": ["conversion.failed"],
    "status": "enabled",
    "disabled_reason": None,
    "disabled_at": None,
    "failing_since": None,
    "created_at": AT,
}
ATTEMPT = {"at": AT, "status": 500, "duration": 0.1, "error": None}
DELIVERY: Mapping[str, Any] = {
    "id": "d1",
    "type": "conversion.failed",
    "status": "pending",
    "created_at": AT,
    "next_attempt_at": AT,
    "delivered_at": None,
    "attempts": [ATTEMPT],
    "payload": {},
}
KEY = {
    "id": "k1",
    "name": "nightly",
    "hint": "tgk_ab",
    "scopes": ["conversions:read"],
    "created_at": AT,
    "expires_at": None,
    "last_used_at": None,
}
USER = {
    "id": "u1",
    "email": "ada@example.com",
    "roles": ["user"],
    "email_verified": True,
    "created_at": AT,
    "disabled": False,
    "disabled_at": None,
}
LETTER = {
    "id": "l1",
    "status": "waiting",
    "queue": "mail",
    "reason": "malformed",
    "type": "",
    "event_id": "",
    "request_id": "r1",
    "size": 12,
    "died_at": AT,
}
WHOLE = {**LETTER, "history": [{"at": AT, "what": "moved\x1b"}], "message": {"to": "a\x1bb"}}
HOUR = {"at": AT, "accepted": 3, "completed": 2, "failed": 1}
ENTRY = {
    "id": "a1",
    "at": AT,
    "actor_id": "u1",
    "action": "user_changed",
    "subject_id": "u2",
    "address": "192.0.2.1",
    "request_id": "r1",
    "details": {},
}
PRESET = {"name": "voice", "options": {"channels": 1}, "default": True}
ANSWERS: Mapping[str, Any] = {
    "GET /v1/conversions": {"items": [conversion()]},
    "GET /v1/conversions/c1": conversion(),
    "PATCH /v1/conversions/c1": conversion(title="Ada"),
    "POST /v1/conversions/c1/link": {"url": "https://media.example.org/a", "expires_at": AT},
    "DELETE /v1/conversions/c1/link": None,
    "POST /v1/conversions/c1/cancel": conversion(status="cancelled"),
    "POST /v1/conversions/c1/retry": conversion(status="queued"),
    "GET /v1/presets": {"items": [PRESET]},
    "POST /v1/presets": PRESET,
    "PATCH /v1/presets/voice": PRESET,
    "DELETE /v1/presets/voice": None,
    "POST /v1/conversions/bulk": {"items": [{"id": each, "status": 204} for each in ("c1", "c2")]},
    "GET /v1/conversions/c1/waveform": {
        "sample_rate": 8_000,
        "samples_per_pixel": 800,
        "length": 1,
        "data": [-127, 127],
    },
    "GET /v1/conversions/c1/chapters": {"items": [{"start": 3600.0, "end": 3601.5, "title": "One"}]},
    "DELETE /v1/conversions/c1": None,
    "GET /v1/auth/api-keys": {"items": [KEY]},
    "POST /v1/auth/api-keys": {**KEY, "key": "tgk_abc"},
    "DELETE /v1/auth/api-keys/k1": None,
    "GET /v1/webhooks": {"items": [HOOK]},
    "POST /v1/webhooks": {**HOOK, "secret": "whsec_1"},
    "PATCH /v1/webhooks/w1": {**HOOK, "status": "disabled"},
    "DELETE /v1/webhooks/w1": None,
    "POST /v1/webhooks/w1/secret": {**HOOK, "secret": "whsec_2"},
    "POST /v1/webhooks/w1/test": DELIVERY,
    "GET /v1/webhooks/w1/deliveries": {"items": [DELIVERY], "next_cursor": None},
    "POST /v1/webhooks/w1/deliveries/d1/replay": DELIVERY,
    "GET /v1/admin/overview": {
        "queued": 4,
        "converting": 1,
        "dead_letters": 2,
        "oldest_queued_at": None,
        "hours": [HOUR, {**HOUR, "accepted": 0}],
    },
    "GET /v1/admin/audit": {"items": [ENTRY], "next_cursor": None},
    "GET /v1/admin/users": {"items": [USER], "next_cursor": None},
    "PATCH /v1/admin/users/u1": {**USER, "disabled": True, "disabled_at": AT},
    "GET /v1/admin/conversions": {"items": [{**conversion(), "owner_id": "u1"}]},
    "GET /v1/admin/dead-letters": {"items": [LETTER]},
    "GET /v1/admin/dead-letters/l1": WHOLE,
    "POST /v1/admin/dead-letters/l1/replay": {**WHOLE, "status": "replayed"},
    "DELETE /v1/admin/dead-letters/l1": None,
}


def answer(request: httpx.Request) -> httpx.Response:
    """The response to a call; 404 for one that is unknown."""
    call = f"{request.method} {request.url.path}"
    if call not in ANSWERS:
        return problem(404, "not_found")
    body = ANSWERS[call]
    return httpx.Response(204) if body is None else httpx.Response(200, json=body)

"""Messaging errors, and the exceptions by which a handler asks for a retry or a dead letter."""


class PublishFailed(Exception):
    """The broker refused the message or did not confirm it in time. It may still have been delivered."""


class Unroutable(PublishFailed):
    """No queue is bound for an event that requires one. A retry succeeds once a queue is bound."""


class NotReady(Exception):
    """The broker cannot be reached, or its queues are not declared yet."""


class BadMessage(Exception):
    """A message that no retry can make readable; the consumer dead-letters it."""


class MalformedEnvelope(BadMessage):
    """The body is not a CloudEvents 1.0 envelope in JSON."""


class UnknownEvent(BadMessage):
    """The event type is unknown here."""


class UnknownVersion(BadMessage):
    """The event type is known, this version of it is not."""


class MalformedData(BadMessage):
    """The envelope is valid, but its data does not match the event."""


class Retry(Exception):
    """Raised by a handler to have the message delivered again after `delay_s`, rounded up to a retry tier.

    With `counts=False` nothing failed (the work is leased by another process, for instance): the attempt does
    not count as a failure, only against `Subscription.max_postponements`.
    """

    def __init__(self, delay_s: float, reason: str = "", *, counts: bool = True) -> None:
        super().__init__(reason or f"again in {delay_s:g} s")
        self.delay_s = delay_s
        self.counts = counts


class Reject(Exception):
    """Raised by a handler to dead-letter the message at once, because it can never succeed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

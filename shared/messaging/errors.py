"""What can go wrong with a message, and what a handler may ask for by raising."""


class PublishFailed(Exception):
    """The broker did not confirm the message in time, or refused it. It may have arrived all the same."""

    retryable = True


class Unroutable(PublishFailed):
    """No queue is bound for this event, although it must have a listener. Bound later, a retry succeeds."""


class NotReady(Exception):
    """The broker is out of reach, or its queues are not declared yet."""


class BadMessage(Exception):
    """A message that no retry can make readable; the consumer dead-letters it with this reason."""


class MalformedEnvelope(BadMessage):
    """Not a CloudEvents 1.0 envelope in JSON."""


class UnknownEvent(BadMessage):
    """No event of this type is known here."""


class UnknownVersion(BadMessage):
    """The type is known, this version of it is not."""


class MalformedData(BadMessage):
    """The envelope is sound, its data does not fit the event."""


class Retry(Exception):
    """Raised by a handler: not now, deliver it again after about `delay_s` seconds (rounded up to a retry
    tier).

    `counts=False` says that nothing failed, for instance because somebody else is at work on it: the attempt
    is not counted, and only `Subscription.max_postponements` bounds it.
    """

    def __init__(self, delay_s: float, reason: str = "", *, counts: bool = True) -> None:
        super().__init__(reason or f"again in {delay_s:g} s")
        self.delay_s = delay_s
        self.counts = counts


class Reject(Exception):
    """Raised by a handler: this message will never succeed; dead-letter it now, with `reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

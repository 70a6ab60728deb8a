"""Retry policy of emails: delays between attempts, lease length and when to give up."""

from datetime import timedelta

import msgspec

# Seconds after the first, second, … failed attempt; the last delay repeats until `give_up_after`.
BACK_OFF_S = (1.0, 5.0, 30.0, 120.0, 600.0)
# Most leases end within a moment, so a redelivery does not wait for the expiry of the whole lease.
HELD_LEASE_DELAY_S = 5.0
# After a ledger that stayed unavailable for the whole of `ledger_timeout`.
LEDGER_DELAY_S = 120.0
# At a stop: another process may reach the ledger.
STOPPED_DELAY_S = 5.0
# Of an email that is sent, and whose record neither the ledger nor the broker took.
UNRECORDED_DELAY_S = 5.0


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Time limits of sending one email.

    `lease` is longer than the mailer's timeout. Two times `ledger_timeout` plus the mailer's timeout stay
    below the queue's handling timeout. A record that the ledger does not take within `record_timeout` is
    handed on. `give_up_after`: RFC 5321 §4.5.4.1 asks for at least four to five days. `cancel_grace` is the
    time for a cancelled delivery to finish: one call of the ledger, then a publication; at a stop nothing but
    the mail itself lasts longer. `max_unrecorded` bounds the emails whose record neither took.
    """

    lease: timedelta
    give_up_after: timedelta = timedelta(days=5)
    ledger_timeout: timedelta = timedelta(minutes=4)
    ledger_pause: timedelta = timedelta(seconds=1)
    record_timeout: timedelta = timedelta(seconds=3)
    cancel_grace: timedelta = timedelta(seconds=9.5)
    max_unrecorded: int = 1000


def back_off(attempts: int) -> float:
    """Returns the delay in seconds after a failed attempt that followed `attempts` others."""
    return BACK_OFF_S[min(attempts, len(BACK_OFF_S) - 1)]

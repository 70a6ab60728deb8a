"""The outside world: SMTP, MongoDB, and stand-ins in memory that keep the same promises."""

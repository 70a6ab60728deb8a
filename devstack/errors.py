"""What can go wrong while running the stack."""


class StackError(Exception):
    """Said to the person at the terminal as it stands; no stack trace needed."""

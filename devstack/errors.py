"""Errors of the development stack."""


class StackError(Exception):
    """An error whose message is printed to the terminal without a traceback."""

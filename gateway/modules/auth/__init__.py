"""Accounts, sign-in and sessions, as clients see them."""

"""Accounts, conversions, dead letters and the audit log, for administrators."""

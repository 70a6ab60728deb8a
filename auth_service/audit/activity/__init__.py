"""The activity log: security events of accounts, in PostgreSQL, in the log, and for the accounts' owners."""

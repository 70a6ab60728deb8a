"""The audit log of administrative actions, and the activity log of accounts."""

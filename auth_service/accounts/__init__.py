"""Registration, and changes that users make to their own account."""

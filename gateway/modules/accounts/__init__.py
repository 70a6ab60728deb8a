"""What people do with their own account, as clients see it."""

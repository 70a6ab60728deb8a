"""The users table, canonical email addresses, and field types shared by request bodies."""

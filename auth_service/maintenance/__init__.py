"""Background tasks: their start and end, and the sweeper of expired rows."""

"""Server-Sent Events that follow the progress of a conversion."""

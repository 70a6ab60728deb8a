"""Dead letters without any server."""

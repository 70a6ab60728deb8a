"""What crosses a process border. Knows no service."""

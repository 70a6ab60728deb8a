"""What operators need to run Tonegate in containers."""

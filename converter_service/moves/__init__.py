"""What can happen to a conversion: each move makes a new record of an old one; pure."""

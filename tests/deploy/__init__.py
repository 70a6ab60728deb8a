"""What operators are given, checked against the code."""

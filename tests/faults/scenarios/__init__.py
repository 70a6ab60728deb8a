"""Fault scenarios by kind of target; `catalogue` lists all of them."""

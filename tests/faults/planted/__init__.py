"""Defects that can be planted in the services, to show that the checks detect each of them."""

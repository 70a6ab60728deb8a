"""Fault injection: breaks the whole system many times under load and counts lost and repeated results."""

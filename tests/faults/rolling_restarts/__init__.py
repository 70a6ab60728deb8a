"""Restarts of one service after the other while HTTP clients of five kinds use kept connections."""

"""The domain: conversions, their states and the commands on them."""

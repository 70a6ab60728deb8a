"""Unit tests of the gateway, in the folders of its source."""

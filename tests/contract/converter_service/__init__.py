"""Contract tests of the converter's ports: one suite for each port, run on all adapters."""

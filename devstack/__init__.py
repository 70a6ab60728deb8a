"""Real servers and all services on one machine without containers: `make up`, `make demo`, the tests."""

"""Tests of the containers, which need a Docker engine: `make test-containers`."""

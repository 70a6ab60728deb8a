"""Development stack: servers and services as local processes, for `make up`, `make demo` and the tests."""

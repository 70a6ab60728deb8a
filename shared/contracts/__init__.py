"""Events and HTTP bodies shared between services. Imports msgspec and the standard library only."""

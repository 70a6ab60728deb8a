"""What two services agree on: events and bodies. Imports msgspec and the standard library only."""

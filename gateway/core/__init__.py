"""What every module of the gateway stands on."""

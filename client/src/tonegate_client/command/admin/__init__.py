"""`tonegate admin`: what administrators do."""

"""Provider identities linked to accounts."""

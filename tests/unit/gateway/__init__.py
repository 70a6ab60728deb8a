"""Parts of the gateway on their own."""

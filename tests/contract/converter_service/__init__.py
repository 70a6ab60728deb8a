"""The converter's adapters: one suite of promises for each port."""

"""The only public door: checks tokens, limits rates, streams bodies both ways."""

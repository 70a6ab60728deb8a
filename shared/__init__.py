"""Code that several services use; imports none of them."""

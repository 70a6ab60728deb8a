"""Fresh proofs: a recent sign-in or password, which sensitive changes of an account require."""

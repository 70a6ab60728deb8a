"""What the development stack decides before anything runs."""

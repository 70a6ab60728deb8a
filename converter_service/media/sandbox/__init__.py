"""Runs programs that read untrusted files under seccomp, Landlock and resource limits."""

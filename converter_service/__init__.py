"""Turns uploaded video into audio: an api process and a worker process from one package."""

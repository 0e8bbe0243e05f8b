"""Hands governed rows to the tools where people work: as files, and pushed over HTTP."""

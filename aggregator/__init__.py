"""The broker of a federated GA4GH Beacon network: asks every member, merges, never guesses."""

__version__ = "0.1.0"

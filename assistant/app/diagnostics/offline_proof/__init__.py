"""Proof that the program uses no network: a trial run of all that it does, with every network call of every process recorded."""

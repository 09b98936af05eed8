"""The vocabulary of the network: pure values without input, output, clock or randomness."""

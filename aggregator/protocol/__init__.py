"""Pure translation between our model and the words of each Beacon version."""

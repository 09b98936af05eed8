"""What the command line does, one module per command that does more than call `app`."""

"""The only code that talks to members."""

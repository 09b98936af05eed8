"""What every layer stands on: settings, errors, deadlines, logs, packaged files."""

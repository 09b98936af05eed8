"""Judges members' documents and answers against the Beacon specification, in its own words."""

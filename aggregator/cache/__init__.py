"""Answers of members, kept for a while; losing them costs time, never truth."""

"""The use case: one question to every member, one merged answer."""

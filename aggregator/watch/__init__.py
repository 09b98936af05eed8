"""Learning about members in the background and publishing what was learned."""

"""Tells people of what changed: by webhooks and mail, once each, until it was taken."""

"""What events do to a problem, and what of it is known at an instant."""

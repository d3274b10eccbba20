"""Planning as a process of its own: what is asked, what is answered, and who waits for it."""

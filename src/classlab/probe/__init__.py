"""Seats asked what is missing on them: all at once, each by one ssh and one start of Python."""

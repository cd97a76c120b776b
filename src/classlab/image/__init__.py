"""Baked images: what goes into one, which there are, how one is made, and which a class's seats are launched from."""

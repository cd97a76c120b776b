"""`make down` and its proof: what is there, what was removed, what it cost, what is left."""

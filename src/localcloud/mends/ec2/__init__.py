"""EC2: instances and all that belongs to them."""

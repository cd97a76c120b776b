"""localcloud: an EC2 on one's own machine, whose instances are real Ubuntu hosts."""

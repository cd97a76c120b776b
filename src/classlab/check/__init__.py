"""A doctor that changes nothing: what is well, and what is not, with its mend."""

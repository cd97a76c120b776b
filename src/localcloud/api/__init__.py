"""The API's side: what a request is, what is logged of it, the faults that may meet it, and who carries it out."""

"""Keys: the teacher's, the students', and the host keys that seats are known by."""

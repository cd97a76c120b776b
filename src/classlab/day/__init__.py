"""What a teacher does between up and down."""

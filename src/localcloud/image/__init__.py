"""The Ubuntu images that hosts boot from."""

"""What each student is handed: a folder and a zip with their own key and the way in, and a card that tells how."""

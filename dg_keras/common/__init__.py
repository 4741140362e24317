"""What several rooms need and none of them is about. Imports nothing of the rest."""

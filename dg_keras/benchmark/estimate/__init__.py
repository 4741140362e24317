"""What the runs will take, measured before they begin."""

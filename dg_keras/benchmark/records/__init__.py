"""What was run: a record of each run on disk, whole and of this run, and who is at it."""

"""What a data set consists of: its images, their domains, classes and split. Takes `feeding`."""

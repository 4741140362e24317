"""What a step is fed: a domain, its images, and batches of several. Imports neither neighbour."""

"""One run: its images and network, trained, validated, chosen and tested."""

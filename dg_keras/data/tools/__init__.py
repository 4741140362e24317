"""What the command line does: prepare, download, examine. Takes `tables` and `feeding`."""

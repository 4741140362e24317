"""What is to be run: a config file, its values checked, and the runs that it asks for."""

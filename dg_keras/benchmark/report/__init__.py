"""What was found: means, gains and tests over the records, as tables, figures and a page."""

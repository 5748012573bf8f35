"""A session while it runs: begun, named, counted, held, heard and ended."""

"""The live view: from what has arrived to what a page or a terminal shows."""

"""Replays: an episode found, run again, explained, branched and saved."""

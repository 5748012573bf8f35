"""The same again: with other seeds, with a greedy policy, in other processes."""

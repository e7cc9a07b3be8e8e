"""Many runs: replications, comparisons, sweeps and searches, each figure with its interval."""

"""Many runs: replications, comparisons and sweeps, each figure with its interval."""

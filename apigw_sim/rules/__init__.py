"""What AWS decides: small functions of an instant and integers. They read no clock, draw nothing and touch nothing else."""

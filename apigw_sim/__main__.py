"""`python -m apigw_sim` is the same command as `apigw-sim`."""

from apigw_sim.cli import main

if __name__ == "__main__":
    main(prog_name="apigw-sim")

"""The result of a run, as a notebook holds it and as a folder keeps it; pandas starts here."""

from apigw_sim.result.folder import check as check_folder
from apigw_sim.result.kept import Kept
from apigw_sim.result.result import NotKeptError, Result
from apigw_sim.result.simulation import run, version

__all__ = ["Kept", "NotKeptError", "Result", "check_folder", "run", "version"]

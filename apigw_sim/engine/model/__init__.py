"""The readable engine: SimPy, a journey per attempt, to be read beside the AWS documentation."""

from apigw_sim.engine.model.model import Model, Watch

__all__ = ["Model", "Watch"]

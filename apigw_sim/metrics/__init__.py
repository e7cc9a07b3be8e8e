"""What AWS would show: CloudWatch's metrics by period, and the summary of a run. Numpy only, no frames."""

from apigw_sim.metrics.fold import Metrics, Phase
from apigw_sim.metrics.summary import About, summary

__all__ = ["About", "Metrics", "Phase", "summary"]

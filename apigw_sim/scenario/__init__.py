"""What the user says: a scenario in YAML, as frozen parts with positions."""

from apigw_sim.scenario.load import load
from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.override import parse_override, paths
from apigw_sim.scenario.schema import json_schema

__all__ = ["Scenario", "json_schema", "load", "parse_override", "paths"]

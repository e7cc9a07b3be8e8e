"""What a cloud engineer would say about a scenario before it is run: advice by rules, each with its AWS source."""

from apigw_sim.advice.advise import Advice, advise
from apigw_sim.advice.page import markdown
from apigw_sim.advice.rules import RULES, Rule

__all__ = ["RULES", "Advice", "Rule", "advise", "markdown"]

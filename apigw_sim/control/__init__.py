"""What changes in mid-run: SimPy processes that write cells of an engine and never touch an attempt's path."""

from apigw_sim.control.alarms import Alarms as Alarms
from apigw_sim.control.provisioning import Provisioning as Provisioning
from apigw_sim.control.records import Records as Records
from apigw_sim.control.scaling import Scalings as Scalings
from apigw_sim.control.servers import Servers as Servers
from apigw_sim.control.timeline import Timeline as Timeline

__all__ = ["Alarms", "Provisioning", "Records", "Scalings", "Servers", "Timeline"]

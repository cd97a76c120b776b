"""The other calls that change an instance: metadata, placement, CPU, DNS, maintenance, credits, monitoring."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import InstanceBackend, MetadataOptions
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.responses.monitoring import Monitoring

from localcloud.mends.ec2.attributes import check_stopped
from localcloud.mends.ec2.launch_checks import check_metadata_options, check_options, invalid
from localcloud.mends.ec2.launch_options import place
from localcloud.mends.mend import mend


@mend(InstanceBackend)
def modify_instance_metadata_options(
    moto: Any,
    self: Any,
    instance_id: str,
    http_tokens: str | None = None,
    hop_limit: int | None = None,
    http_endpoint: str | None = None,
    dry_run: bool | None = False,
    http_protocol: str | None = None,
    metadata_tags: str | None = None,
) -> MetadataOptions:
    """What is not given stays as it was."""
    options: MetadataOptions = self.get_instance(instance_id).metadata_options
    given = {
        "HttpTokens": http_tokens,
        "HttpPutResponseHopLimit": hop_limit,
        "HttpEndpoint": http_endpoint,
        "HttpProtocolIpv6": http_protocol,
        "InstanceMetadataTags": metadata_tags,
    }
    check_metadata_options(given)
    for name, value in (
        ("http_tokens", http_tokens),
        ("http_put_response_hop_limit", hop_limit),
        ("http_endpoint", http_endpoint),
        ("http_protocol_ipv6", http_protocol),
        ("instance_metadata_tags", metadata_tags),
    ):
        if value is not None:
            setattr(options, name, value)
    return options


def _instance(self: Any) -> Any:
    return self.ec2_backend.get_instance(self._get_param("InstanceId"))


def _given(self: Any, *names: str) -> dict[str, Any]:
    return {name: self._get_param(name) for name in names if self._get_param(name) is not None}


@mend(InstanceResponse)
def modify_instance_placement(moto: Any, self: Any) -> ActionResult:
    instance = _instance(self)
    wanted = _given(self, "Affinity", "GroupName", "HostId", "Tenancy", "PartitionNumber", "GroupId")
    check_options(self.ec2_backend, {"Placement": wanted})
    check_stopped(instance)
    self.error_on_dryrun()
    place(instance, wanted)
    return ActionResult({"Return": True})


@mend(InstanceResponse)
def modify_instance_cpu_options(moto: Any, self: Any) -> ActionResult:
    instance = _instance(self)
    wanted = _given(self, "CoreCount", "ThreadsPerCore")
    check_stopped(instance)
    cpu = INSTANCE_TYPES[instance.instance_type]["VCpuInfo"]
    for name, allowed in (("CoreCount", "ValidCores"), ("ThreadsPerCore", "ValidThreadsPerCore")):
        if name in wanted and wanted[name] not in cpu.get(allowed, [wanted[name]]):
            raise invalid(f"{name} {wanted[name]} is not valid for instance type {instance.instance_type}.")
    self.error_on_dryrun()
    instance.cpu_options = {**instance.cpu_options, **wanted}
    return ActionResult({"InstanceId": instance.id, **instance.cpu_options})


@mend(InstanceResponse)
def modify_private_dns_name_options(moto: Any, self: Any) -> ActionResult:
    instance = _instance(self)
    wanted = _given(
        self,
        "PrivateDnsHostnameType",
        "EnableResourceNameDnsARecord",
        "EnableResourceNameDnsAAAARecord",
    )
    if kind := wanted.pop("PrivateDnsHostnameType", None):
        if kind not in ("ip-name", "resource-name"):
            raise invalid(f"Value ({kind}) for parameter privateDnsHostnameType is invalid.")
        wanted["HostnameType"] = kind
    self.error_on_dryrun()
    instance.private_dns_name_options = {**instance.private_dns_name_options, **wanted}
    return ActionResult({"Return": True})


@mend(InstanceResponse)
def modify_instance_maintenance_options(moto: Any, self: Any) -> ActionResult:
    instance = _instance(self)
    wanted = _given(self, "AutoRecovery", "RebootMigration")
    for name, value in wanted.items():
        if value not in ("default", "disabled"):
            raise invalid(f"Value ({value}) for parameter {name} is invalid. Valid values are: disabled, default.")
    self.error_on_dryrun()
    instance.maintenance_options = {**instance.maintenance_options, **wanted}
    return ActionResult({"InstanceId": instance.id, **instance.maintenance_options})


@mend(InstanceResponse)
def modify_instance_capacity_reservation_attributes(moto: Any, self: Any) -> ActionResult:
    instance = _instance(self)
    wanted = self._get_param("CapacityReservationSpecification", {})
    check_stopped(instance)
    self.error_on_dryrun()
    instance.capacity_reservation_specification = wanted
    return ActionResult({"Return": True})


@mend(InstanceResponse)
def describe_instance_credit_specifications(moto: Any, self: Any) -> ActionResult:
    instances = self.ec2_backend.describe_instance_credit_specifications(self._get_param("InstanceIds", []))
    return ActionResult(
        {
            "InstanceCreditSpecifications": [
                {"InstanceId": each.id, "CpuCredits": getattr(each, "cpu_credits", "standard")} for each in instances
            ]
        }
    )


@mend(InstanceResponse)
def modify_instance_credit_specification(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for wanted in self._get_param("InstanceCreditSpecifications", []):
        instance, wish = self.ec2_backend.get_instance(wanted["InstanceId"]), wanted.get("CpuCredits")
        if not instance.instance_type.startswith("t"):
            error = {
                "Code": "InstanceCreditSpecification.NotSupported",
                "Message": f"The instance type {instance.instance_type} has no CPU credits.",
            }
            failed.append({"InstanceId": instance.id, "Error": error})
        elif wish not in ("standard", "unlimited"):
            raise EC2ClientError("InvalidParameterValue", f"Value ({wish}) for parameter cpuCredits is invalid.")
        else:
            instance.cpu_credits = wish
            done.append({"InstanceId": instance.id})
    return ActionResult(
        {
            "SuccessfulInstanceCreditSpecifications": done,
            "UnsuccessfulInstanceCreditSpecifications": failed,
        }
    )


def _monitor(self: Any, state: str, on_the_way: str) -> ActionResult:
    instances = self.ec2_backend.get_multi_instances_by_id(self._get_param("InstanceIds", []))
    self.error_on_dryrun()
    for instance in instances:
        instance.monitoring_state = state
    return ActionResult(
        {"InstanceMonitorings": [{"InstanceId": each.id, "Monitoring": {"State": on_the_way}} for each in instances]}
    )


@mend(Monitoring)
def monitor_instances(moto: Any, self: Any) -> ActionResult:
    return _monitor(self, "enabled", "pending")


@mend(Monitoring)
def unmonitor_instances(moto: Any, self: Any) -> ActionResult:
    return _monitor(self, "disabled", "disabling")

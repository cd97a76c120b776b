"""What a request asks of an instance beside its disk and its network: kept, and shown by DescribeInstances."""

from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance

from localcloud.mends.ec2.launch_request import Request


def default_cpu(instance_type: str) -> dict[str, int]:
    cpu = INSTANCE_TYPES[instance_type]["VCpuInfo"]
    # Old types do not tell their cores: one thread per core then.
    cores = cpu.get("DefaultCores") or cpu["DefaultVCpus"]
    return {"CoreCount": cores, "ThreadsPerCore": cpu.get("DefaultThreadsPerCore") or cpu["DefaultVCpus"] // cores}


def dress(instance: Instance, request: Request, index: int) -> None:
    """Put the options of the request on the instance; what it leaves open is as EC2's defaults are."""
    thing: Any = instance
    thing.ami_launch_index = index
    thing.cpu_options = {**default_cpu(instance.instance_type), **request.get("CpuOptions", {})}
    thing.enclave_options = {"Enabled": False, **request.get("EnclaveOptions", {})}
    thing.hibernation_options = {"Configured": False, **request.get("HibernationOptions", {})}
    thing.maintenance_options = {
        "AutoRecovery": "default",
        "RebootMigration": "default",
        **request.get("MaintenanceOptions", {}),
    }
    thing.private_dns_name_options = {
        "HostnameType": "ip-name",
        "EnableResourceNameDnsARecord": False,
        "EnableResourceNameDnsAAAARecord": False,
        **request.get("PrivateDnsNameOptions", {}),
    }
    thing.capacity_reservation_specification = {
        "CapacityReservationPreference": "open",
        **request.get("CapacityReservationSpecification", {}),
    }
    thing.licenses = request.get("LicenseSpecifications", [])
    thing.ena_support = True
    thing.current_instance_boot_mode = "uefi" if instance.architecture == "arm64" else "legacy-bios"
    thing.platform_details = "Windows" if instance.platform == "windows" else "Linux/UNIX"
    thing.usage_operation = "RunInstances:0002" if instance.platform == "windows" else "RunInstances"
    thing.kernel = request.get("KernelId")
    thing.ramdisk = request.get("RamdiskId") or request.get("RamDiskId")
    thing.cpu_credits = request.get("CreditSpecification", {}).get("CpuCredits") or default_credits(instance)
    place(instance, request.get("Placement", {}))


def default_credits(instance: Instance) -> str:
    """T2 stops at its baseline; later T types go on and bill."""
    return "standard" if instance.instance_type.startswith("t2.") else "unlimited"


def place(instance: Instance, wanted: dict[str, Any]) -> None:
    """Placement as asked; members that are not given stay as they are."""
    placement: Any = instance.placement
    for key, name in (
        ("GroupName", "group_name"),
        ("GroupId", "group_id"),
        ("Tenancy", "tenancy"),
        ("HostId", "host_id"),
        ("HostResourceGroupArn", "host_resource_group_arn"),
        ("Affinity", "affinity"),
        ("PartitionNumber", "partition_number"),
        ("SpreadDomain", "spread_domain"),
    ):
        if wanted.get(key) is not None:
            setattr(placement, name, wanted[key])

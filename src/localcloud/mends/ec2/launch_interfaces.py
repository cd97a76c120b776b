"""The network interfaces of a launch: all that the request says of them, not only the first address."""

from typing import Any

from moto.ec2.models.instances import Instance

from localcloud.mends.mend import mend


@mend(Instance)
def prep_nics(
    moto: Any,
    self: Any,
    nic_spec: list[dict[str, Any]],
    private_ip: str | None = None,
    associate_public_ip: bool | None = None,
    security_groups: list[Any] | None = None,
    ipv6_address_count: int | None = None,
) -> None:
    self.nics = {}
    backend = self.ec2_backend
    wanted = nic_spec or [{"DeviceIndex": 0}]
    for spec in sorted(wanted, key=lambda each: int(each.get("DeviceIndex") or 0)):
        index = int(spec.get("DeviceIndex") or 0)
        if existing := spec.get("NetworkInterfaceId"):
            interface = backend.get_network_interface(existing)
            interface.delete_on_termination = spec.get("DeleteOnTermination") is True
            interface.public_ip_auto_assign = False
        else:
            subnet = backend.get_subnet(spec.get("SubnetId") or self.subnet_id)
            interface = _made(self, spec, subnet, index, private_ip, associate_public_ip, security_groups)
            _add_ipv6(interface, spec, ipv6_address_count if index == 0 else None)
        self.attach_eni(interface, index)
    # The instance's groups are those of its first interface, however they were asked for.
    self.security_groups = list(self.nics[0]._group_set)


def _made(
    instance: Any,
    spec: dict[str, Any],
    subnet: Any,
    index: int,
    private_ip: str | None,
    associate_public_ip: bool | None,
    groups: list[Any] | None,
) -> Any:
    public = spec.get("AssociatePublicIpAddress")
    if public is None and index == 0:
        public = associate_public_ip if associate_public_ip is not None else subnet.map_public_ip_on_launch is True
    address, others = _addresses(instance, spec, subnet, private_ip if index == 0 else None)
    return instance.ec2_backend.create_network_interface(
        subnet,
        address,
        private_ip_addresses=[
            {"Primary": True, "PrivateIpAddress": address},
            *({"Primary": False, "PrivateIpAddress": each} for each in others),
        ],
        device_index=index,
        public_ip_auto_assign=bool(public),
        group_ids=spec.get("Groups") or [group.id for group in groups or []],
        # What is made for an instance goes with it, unless the request keeps it.
        delete_on_termination=spec.get("DeleteOnTermination") is not False,
        description=spec.get("Description"),
    )


def _addresses(instance: Any, spec: dict[str, Any], subnet: Any, private_ip: str | None) -> tuple[str, list[str]]:
    listed = spec.get("PrivateIpAddresses") or []
    primary = private_ip or spec.get("PrivateIpAddress")
    primary = primary or next((each["PrivateIpAddress"] for each in listed if each.get("Primary")), None)
    if primary:
        subnet.request_ip(primary, instance=instance)
    else:
        primary = subnet.get_available_subnet_ip(instance=instance)
    others = [each["PrivateIpAddress"] for each in listed if not each.get("Primary")]
    for address in others:
        subnet.request_ip(address, instance=instance)
    for _ in range(int(spec.get("SecondaryPrivateIpAddressCount") or 0)):
        others.append(subnet.get_available_subnet_ip(instance=instance))
    return primary, others


def _add_ipv6(interface: Any, spec: dict[str, Any], count: int | None) -> None:
    given = [each["Ipv6Address"] for each in spec.get("Ipv6Addresses") or []]
    wanted = int(spec.get("Ipv6AddressCount") or count or 0)
    if (given or wanted) and interface.subnet.ipv6_cidr_block_associations:
        interface.ec2_backend.assign_ipv6_addresses(interface.id, given, wanted)

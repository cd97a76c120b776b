"""What an instance may read of itself at 169.254.169.254, built from the API's books."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.sts.models import AssumedRole, sts_backends

# A folder's entries by name; a folder is listed with a slash behind its name.
type Tree = dict[str, Tree | str]

CREDENTIALS_LAST = timedelta(hours=6)
# EC2 has fresh ones ready at least this long before the old ones end.
FRESH_BEFORE_END = timedelta(minutes=15)


@dataclass(frozen=True)
class MetadataView:
    """One instance, as its metadata service sees it. `meta_data` and `dynamic` are the trees of these names."""

    instance_id: str
    meta_data: Tree = field(repr=False)
    dynamic: Tree = field(repr=False, default_factory=dict)
    user_data: bytes | None = field(repr=False, default=None)
    enabled: bool = True
    tokens_required: bool = False
    hop_limit: int = 1


def view_of(instance: Instance) -> MetadataView:
    """Take the view while the API's lock is held: with an instance profile, it may make new temporary credentials."""
    options = instance.metadata_options
    return MetadataView(
        instance_id=instance.id,
        meta_data=_meta_data(instance),
        dynamic={"instance-identity": {"document": _document(instance)}},
        user_data=base64.b64decode(instance.user_data.as_bytes()) if instance.user_data else None,
        enabled=options.http_endpoint == "enabled",
        tokens_required=options.http_tokens == "required",
        hop_limit=int(options.http_put_response_hop_limit),
    )


def _meta_data(instance: Instance) -> Tree:
    main = instance.nics[0]
    tree: Tree = {
        "ami-id": instance.image_id,
        "ami-launch-index": str(instance.ami_launch_index),
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": _block_devices(instance),
        "events": {"maintenance": {"history": "[]", "scheduled": "[]"}},
        "hostname": instance.private_dns_name,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": instance.lifecycle or "on-demand",
        "instance-type": instance.instance_type,
        "local-hostname": instance.private_dns_name,
        "local-ipv4": str(instance.private_ip),
        "mac": main.mac_address,
        "network": {
            "interfaces": {"macs": {nic.mac_address: _interface(instance, nic) for nic in instance.nics.values()}}
        },
        "placement": _placement(instance),
        "profile": "default-hvm",
        "reservation-id": _reservation_id(instance),
        "security-groups": _group_lines(main, "name"),
        "services": {"domain": "amazonaws.com", "partition": instance.ec2_backend.partition},
    }
    if instance.public_ip:
        tree |= {"public-hostname": str(instance.public_dns_name), "public-ipv4": instance.public_ip}
    if iam := _iam(instance):
        tree["iam"] = iam
    key = instance.ec2_backend.key_pairs.get(instance.key_name) if instance.key_name else None
    if key:
        tree["public-keys"] = {f"0={instance.key_name}": {"openssh-key": key.public_key.strip()}}
    if instance.metadata_options.instance_metadata_tags == "enabled":
        tree["tags"] = {"instance": {tag["key"]: tag["value"] for tag in instance.get_tags()}}
    return tree


def _block_devices(instance: Instance) -> Tree:
    devices: Tree = {"ami": instance.root_device_name, "root": instance.root_device_name}
    others = sorted(name for name, _ in instance.get_block_device_mapping if name != instance.root_device_name)
    return devices | {f"ebs{number}": name.removeprefix("/dev/") for number, name in enumerate(others, 1)}


def _interface(instance: Instance, nic: NetworkInterface) -> Tree:
    vpc = instance.ec2_backend.get_vpc(nic.vpc_id)
    tree: Tree = {
        "device-number": str(nic.device_index),
        "interface-id": nic.id,
        "local-hostname": instance.private_dns_name,
        "local-ipv4s": "\n".join(str(each["PrivateIpAddress"]) for each in nic.private_ip_addresses),
        "mac": nic.mac_address,
        "owner-id": nic.owner_id,
        "security-group-ids": _group_lines(nic, "id"),
        "security-groups": _group_lines(nic, "name"),
        "subnet-id": nic.subnet_id,
        "subnet-ipv4-cidr-block": nic.subnet.cidr_block,
        "vpc-id": nic.vpc_id,
        "vpc-ipv4-cidr-block": vpc.cidr_block,
        "vpc-ipv4-cidr-blocks": "\n".join(str(each["cidr_block"]) for each in vpc.cidr_block_association_set),
    }
    if nic.public_ip:
        tree |= {
            "ipv4-associations": {nic.public_ip: str(nic.private_ip_address)},
            "public-hostname": str(nic.association["publicDnsName"]),
            "public-ipv4s": nic.public_ip,
        }
    return tree


def _group_lines(nic: NetworkInterface, attribute: str) -> str:
    return "\n".join(sorted(str(getattr(group, attribute)) for group in nic.group_set))


def _placement(instance: Instance) -> Tree:
    backend = instance.ec2_backend
    zones = backend.describe_availability_zones(filters=[], zone_names=[instance.availability_zone], zone_ids=[])
    tree: Tree = {
        "availability-zone": str(instance.availability_zone),
        "availability-zone-id": zones[0].zone_id,
        "region": backend.region_name,
    }
    more = {"group-name": instance.placement.group_name, "host-id": instance.placement.host_id}
    return tree | {name: value for name, value in more.items() if value}


def _reservation_id(instance: Instance) -> str:
    for reservation in instance.ec2_backend.reservations.values():
        if instance in reservation.instances:
            return str(reservation.id)
    raise LookupError(f"{instance.id} is in no reservation")  # moto makes each instance in one


def _document(instance: Instance) -> str:
    """The instance identity document. It carries no signature: nobody could check one against AWS's key."""
    absent = ("billingProducts", "devpayProductCodes", "kernelId", "marketplaceProductCodes", "ramdiskId")
    told = dict.fromkeys(absent) | {
        "accountId": instance.owner_id,
        "architecture": instance.architecture,
        "availabilityZone": instance.availability_zone,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "pendingTime": _stamp(instance.launch_time),
        "privateIp": instance.private_ip,
        "region": instance.ec2_backend.region_name,
        "version": "2017-09-30",
    }
    return json.dumps(dict(sorted(told.items())), indent=2)


def _iam(instance: Instance) -> Tree:
    """Nothing without an instance profile; with one, its role's name and temporary credentials."""
    association = instance.ec2_backend.iam_instance_profile_associations.get(instance.id)
    if association is None:
        return {}
    profile = association.iam_instance_profile
    now = _stamp(utcnow())
    info = {
        "Code": "Success",
        "LastUpdated": now,
        "InstanceProfileArn": profile.arn,
        "InstanceProfileId": profile.id,
    }
    tree: Tree = {"info": json.dumps(info, indent=2)}
    if profile.roles:
        tree["security-credentials"] = {
            role.name: json.dumps(_keys(instance, role), indent=2) for role in profile.roles
        }
    return tree


def _keys(instance: Instance, role: Any) -> Mapping[str, str]:
    """The role's credentials for this instance: those it has had, or new ones when these end soon."""
    assumed = _assumed(instance, role)
    return {
        "Code": "Success",
        "LastUpdated": _stamp(assumed.expiration - CREDENTIALS_LAST),
        "Type": "AWS-HMAC",
        "AccessKeyId": assumed.access_key_id,
        "SecretAccessKey": assumed.secret_access_key,
        "Token": assumed.session_token,
        "Expiration": _stamp(assumed.expiration),
    }


def _assumed(instance: Instance, role: Any) -> AssumedRole:
    backend = instance.ec2_backend
    sts = sts_backends[instance.owner_id][backend.partition]
    for known in sts.assumed_roles:
        if (known.session_name, known.role_arn) == (instance.id, role.arn):
            if known.expiration - utcnow() > FRESH_BEFORE_END:
                return known
            # moto keeps every role it ever handed out; ended ones of a long-lived instance would pile up.
            sts.assumed_roles.remove(known)
            break
    return sts.assume_role(
        region_name=backend.region_name,
        role_session_name=instance.id,
        role_arn=role.arn,
        policy="",
        duration=int(CREDENTIALS_LAST.total_seconds()),
        external_id="",
    )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

"""What a host needs to know of its instance: copied out of the API's books, so that no lock is held while it boots."""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance

from localcloud.hosts import firewall
from localcloud.hosts.resolvers import nameservers
from localcloud.mends.ec2 import catalogue
from localcloud.mends.ec2.lifecycle import life


@dataclass(frozen=True)
class Wiring:
    """How a host is plugged: its addresses, and the packet filter that its groups ask for."""

    public: str | None
    private: tuple[str, ...]
    vpc: tuple[str, ...]
    rules: str


@dataclass(frozen=True)
class Facts:
    id: str
    release: str | None  # "24.04"; None for an image made by CreateImage
    ami: str
    hostname: str
    type: str
    memory: int  # MiB
    vcpus: int
    zone: str
    public_key: str
    user_data: bytes = field(repr=False)
    tags: dict[str, str]
    mac: str
    wiring: Wiring


def of(instance: Instance, wired: bool = True) -> Facts:
    """`wired` is false where there are no hosts to be wired: the rules of hundreds take a while to write."""
    ami = instance.ec2_backend.amis.get(instance.image_id)
    kind = INSTANCE_TYPES[instance.instance_type]
    key = instance.ec2_backend.key_pairs.get(instance.key_name) if instance.key_name else None
    return Facts(
        id=instance.id,
        release=catalogue.release_of(ami) if ami else None,
        ami=instance.image_id,
        hostname=str(instance.private_dns_name).partition(".")[0],
        type=instance.instance_type,
        memory=int(kind["MemoryInfo"]["SizeInMiB"]),
        vcpus=min(int(kind["VCpuInfo"]["DefaultVCpus"]), os.cpu_count() or 1),
        zone=str(instance.availability_zone),
        public_key=key.public_key.strip() if key else "",
        user_data=base64.b64decode(instance.user_data.as_bytes()) if instance.user_data else b"",
        tags={tag["key"]: tag["value"] for tag in instance.get_tags()},
        mac=str(instance.nics[0].mac_address),
        wiring=wiring(instance) if wired else Wiring(None, (), (), ""),
    )


def wiring(instance: Instance, members: Mapping[str, Sequence[str]] | None = None) -> Wiring:
    """`members` is firewall.members_of the instance's region; give it when asking for many instances."""
    addresses = [
        str(address["PrivateIpAddress"]) for nic in instance.nics.values() for address in nic.private_ip_addresses
    ]
    vpc = instance.ec2_backend.get_vpc(instance.vpc_id)
    return Wiring(
        public=instance.public_ip,
        private=tuple(addresses),
        vpc=tuple(str(each["cidr_block"]) for each in vpc.cidr_block_association_set),
        rules=firewall.rules_of(instance, nameservers(), members) if not life(instance).ssh_port else "",
    )

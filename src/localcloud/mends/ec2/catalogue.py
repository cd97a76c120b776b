"""The images one can launch: Canonical's Ubuntu 24.04 and 22.04, in every region, and no others.

An image that could not boot here is better not listed: whoever asks for it is told before the launch that it does
not exist. For the same reason only the architecture of this machine is listed.
"""

import hashlib
import platform
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ec2.models.elastic_block_store import EBSBackend, Snapshot, Volume

from localcloud.mends.mend import mend

CANONICAL = "099720109477"
ROOT_GIB = 8


@dataclass(frozen=True)
class Release:
    """One Ubuntu release as Canonical publishes it; `built` are its builds, the newest last."""

    number: str
    codename: str
    folder: str
    volume_type: str
    built: tuple[datetime, ...]


# Two builds each, so that "the newest image" is a question with a wrong answer too.
RELEASES = (
    Release(
        "24.04", "noble", "hvm-ssd-gp3", "gp3", (datetime(2026, 5, 19, 8, 41, 17), datetime(2026, 7, 14, 11, 54, 44))
    ),
    Release("22.04", "jammy", "hvm-ssd", "gp2", (datetime(2026, 6, 10, 6, 57, 25), datetime(2026, 7, 31, 7, 25, 12))),
)


@dataclass(frozen=True)
class Build:
    """One image of the catalogue, the same in every region but for its id."""

    release: Release
    built: datetime
    debian_architecture: str

    @property
    def serial(self) -> str:
        return f"{self.built:%Y%m%d}"

    @property
    def name(self) -> str:
        kind = f"ubuntu-{self.release.codename}-{self.release.number}-{self.debian_architecture}-server"
        return f"ubuntu/images/{self.release.folder}/{kind}-{self.serial}"

    @property
    def description(self) -> str:
        return f"Canonical, Ubuntu, {self.release.number}, {self.debian_architecture} {self.release.codename} image"

    def image_id(self, region: str) -> str:
        return f"ami-0{_digest(region, self.name)}"

    def snapshot_id(self, region: str) -> str:
        return f"snap-0{_digest(region, self.name)}"


def _digest(region: str, name: str) -> str:
    return hashlib.sha256(f"{region}/{name}".encode()).hexdigest()[:16]


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def debian_architecture() -> str:
    """This machine's architecture in Debian's words, which are Canonical's: amd64 or arm64."""
    machine = platform.machine().lower()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def builds(release: Release) -> list[Build]:
    """A release's images for this machine, the newest last."""
    return [Build(release, built, debian_architecture()) for built in release.built]


def release_of(ami: Ami) -> str | None:
    """The Ubuntu release that a host of this image boots ("24.04"), None for an image that somebody here made."""
    return getattr(ami, "ubuntu_release", None)


class _Publisher:
    """Stands before the backend while an image is made: its volume and snapshot are Canonical's, not the account's."""

    def __init__(self, backend: Any, build: Build):
        self.backend = backend
        self.build = build

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def create_volume(self, *_: Any, **__: Any) -> Volume:
        # AWS names vol-ffffffff as the source of a snapshot whose volume is not the caller's to see.
        volume_type = self.build.release.volume_type
        return Volume(  # type: ignore[abstract]  # moto leaves CloudFormation's methods out in all its models
            self.backend, "vol-ffffffff", ROOT_GIB, zone=None, volume_type=volume_type
        )

    def create_snapshot(self, *_: Any, from_ami: str, **__: Any) -> Snapshot:
        snapshot = Snapshot(
            self.backend,
            self.build.snapshot_id(self.backend.region_name),
            self.create_volume(),
            self.build.description,
            owner_id=CANONICAL,
            from_ami=from_ami,
        )
        snapshot.start_time = self.build.built
        return snapshot

    def delete_volume(self, *_: Any, **__: Any) -> None:
        """There is none to delete."""


class CanonicalAmi(Ami):
    """An image of Canonical's, public, with the snapshot that it starts from."""

    def __init__(self, ec2_backend: Any, build: Build):
        region = ec2_backend.region_name
        arm = build.debian_architecture == "arm64"
        self.ubuntu_release = build.release.number
        self.root_volume_type = build.release.volume_type
        self.deprecation_time = _stamp(build.built.replace(year=build.built.year + 2))
        super().__init__(
            _Publisher(ec2_backend, build),
            build.image_id(region),
            name=build.name,
            description=build.description,
            owner_id=CANONICAL,
            owner_alias="amazon",
            public=True,
            virtualization_type="hvm",
            architecture="arm64" if arm else "x86_64",
            creation_date=build.built,
            image_location=f"amazon/{build.name}",
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name="/dev/sda1",
            region_name=f"{region}a",
            boot_mode="uefi" if arm else "uefi-preferred",
        )
        self.ec2_backend = ec2_backend
        ec2_backend.snapshots[self.ebs_snapshot.id] = self.ebs_snapshot

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        root = {
            "DeleteOnTermination": True,
            "Encrypted": False,
            "SnapshotId": self.ebs_snapshot.id,
            "VolumeSize": ROOT_GIB,
            "VolumeType": self.root_volume_type,
        }
        return [
            {"DeviceName": self.root_device_name, "Ebs": root},
            {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
            {"DeviceName": "/dev/sdc", "VirtualName": "ephemeral1"},
        ]


@mend(AmiBackend)
def _load_amis(moto: Any, self: Any) -> None:
    for release in RELEASES:
        for build in builds(release):
            ami = CanonicalAmi(self, build)
            self.amis[ami.id] = ami


@mend(AmiBackend)
def copy_image(moto: Any, self: Any, source_image_id: str, source_region: str, *args: Any, **kwargs: Any) -> Ami:
    """A copy of Canonical's image boots what Canonical's image boots."""
    copy: Ami = moto(self, source_image_id, source_region, *args, **kwargs)
    release = release_of(ec2_backends[self.account_id][source_region].amis[source_image_id])
    if release:
        copy.ubuntu_release = release  # type: ignore[attr-defined]  # moto's class does not know it; release_of does
    return copy


@mend(AmiBackend)
def deregister_image(moto: Any, self: Any, ami_id: str, *args: Any, **kwargs: Any) -> Any:
    _refuse_anothers(self, ami_id)
    return moto(self, ami_id, *args, **kwargs)


@mend(AmiBackend)
def modify_image_attribute(moto: Any, self: Any, ami_id: str, *args: Any, **kwargs: Any) -> Any:
    _refuse_anothers(self, ami_id)
    return moto(self, ami_id, *args, **kwargs)


def _refuse_anothers(backend: Any, ami_id: str) -> None:
    """An image that one may launch is not therefore one's own."""
    if isinstance(backend.amis.get(ami_id), CanonicalAmi):
        raise EC2ClientError("AuthFailure", f"Not authorized for image:{ami_id}")


@mend(EBSBackend)
def describe_snapshots(
    moto: Any, self: Any, snapshot_ids: list[str] | None = None, *args: Any, **kwargs: Any
) -> list[Snapshot]:
    """Canonical's snapshots are found by id, as a volume's source; a list of snapshots shows one's own."""
    found: list[Snapshot] = moto(self, snapshot_ids, *args, **kwargs)
    return found if snapshot_ids else [snapshot for snapshot in found if snapshot.owner_id != CANONICAL]

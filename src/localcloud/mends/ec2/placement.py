"""Placement groups, which moto does not have at all: the record, its tags and filters, and that one in use stays."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2 import utils
from moto.ec2.exceptions import EC2ClientError, InvalidParameterValue, InvalidTaggableResourceType
from moto.ec2.models import EC2Backend
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.responses import EC2Response
from moto.ec2.utils import generic_filter, random_id
from moto.utilities.utils import get_partition

from localcloud.mends.ec2.filters import teach
from localcloud.mends.mend import mend

STRATEGIES = ("cluster", "spread", "partition")
PREFIX = "pg"

# So that CreateTags takes their ids and DescribeTags names their kind.
utils.EC2_RESOURCE_TO_PREFIX["placement-group"] = PREFIX
utils.EC2_PREFIX_TO_RESOURCE[PREFIX] = "placement-group"


class PlacementGroup(TaggedEC2Resource):
    state = "available"

    def __init__(self, ec2_backend: Any, name: str, strategy: str, partitions: int | None, spread: str | None):
        self.ec2_backend = ec2_backend
        self.id = random_id(PREFIX)
        self.group_name = name
        self.strategy = strategy
        self.partition_count = partitions
        self.spread_level = spread

    @property
    def group_id(self) -> str:
        return self.id

    @property
    def group_arn(self) -> str:
        backend = self.ec2_backend
        partition = get_partition(backend.region_name)
        return f"arn:{partition}:ec2:{backend.region_name}:{backend.account_id}:placement-group/{self.group_name}"


teach(PlacementGroup, {"group-arn": lambda group: group.group_arn})


def placement_groups(backend: Any) -> dict[str, PlacementGroup]:
    """A region's groups by name. Kept on the backend, that they are saved with it."""
    groups: dict[str, PlacementGroup] = backend.__dict__.setdefault("placement_groups", {})
    return groups


def get_placement_group(backend: Any, name: str) -> PlacementGroup:
    """The group of this name, or of this id; InvalidPlacementGroup.Unknown when there is none."""
    groups = placement_groups(backend)
    for group in groups.values():
        if name in (group.group_name, group.id):
            return group
    raise EC2ClientError("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")


@mend(EC2Backend)
def create_placement_group(
    moto: Any,
    self: Any,
    name: str | None,
    strategy: str | None = None,
    partition_count: int | None = None,
    spread_level: str | None = None,
    tags: dict[str, str] | None = None,
) -> PlacementGroup:
    strategy = strategy or ("partition" if partition_count else "cluster")
    # EC2 makes up a name where none is given.
    name = name or random_id("pg-name")
    if strategy not in STRATEGIES:
        raise InvalidParameterValue(f"Invalid strategy '{strategy}'.")
    if partition_count is not None and strategy != "partition":
        raise EC2ClientError(
            "InvalidParameterCombination", "Partition count can be specified only when the strategy is 'partition'."
        )
    if partition_count is not None and not 1 <= partition_count <= 7:
        raise InvalidParameterValue(f"Value ({partition_count}) for parameter PartitionCount is invalid.")
    if spread_level and strategy != "spread":
        raise EC2ClientError(
            "InvalidParameterCombination", "Spread level can be specified only when the strategy is 'spread'."
        )
    if name in placement_groups(self):
        raise EC2ClientError("InvalidPlacementGroup.Duplicate", f"The placement group '{name}' already exists.")
    partitions = (partition_count or 2) if strategy == "partition" else None
    spread = (spread_level or "rack") if strategy == "spread" else None
    group = PlacementGroup(self, name, strategy, partitions, spread)
    placement_groups(self)[name] = group
    group.add_tags(tags or {})
    return group


@mend(EC2Backend)
def describe_placement_groups(
    moto: Any,
    self: Any,
    names: list[str] | None = None,
    ids: list[str] | None = None,
    filters: dict[str, Any] | None = None,
) -> list[PlacementGroup]:
    asked = [get_placement_group(self, name) for name in [*(names or []), *(ids or [])]]
    return generic_filter(filters or {}, asked or list(placement_groups(self).values()))


@mend(EC2Backend)
def delete_placement_group(moto: Any, self: Any, name: str) -> None:
    group = get_placement_group(self, name)
    for instance in self.all_instances():
        if instance.placement.group_name == group.group_name and instance.state != "terminated":
            raise EC2ClientError(
                "InvalidPlacementGroup.InUse",
                f"The placement group '{group.group_name}' is in use and may not be deleted.",
            )
    del placement_groups(self)[group.group_name]
    self.tags.pop(group.id, None)


@mend(EC2Backend)
def do_resources_exist(moto: Any, self: Any, resource_ids: list[str]) -> bool:
    others = []
    for resource_id in resource_ids:
        if resource_id.startswith(f"{PREFIX}-"):
            get_placement_group(self, resource_id)
        else:
            others.append(resource_id)
    return bool(moto(self, others))


@mend(EC2Response, "create_placement_group")
def answer_create_placement_group(moto: Any, self: Any) -> ActionResult:
    tags = self._parse_tag_specification()
    for kind in tags:
        if kind != "placement-group":
            raise InvalidTaggableResourceType(kind)
    self.error_on_dryrun()
    group = self.ec2_backend.create_placement_group(
        self._get_param("GroupName"),
        self._get_param("Strategy"),
        self._get_param("PartitionCount"),
        self._get_param("SpreadLevel"),
        tags.get("placement-group"),
    )
    return ActionResult({"PlacementGroup": group})


@mend(EC2Response, "describe_placement_groups")
def answer_describe_placement_groups(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    groups = self.ec2_backend.describe_placement_groups(
        self._get_param("GroupNames"), self._get_param("GroupIds"), self._filters_from_querystring()
    )
    return ActionResult({"PlacementGroups": groups})


@mend(EC2Response, "delete_placement_group")
def answer_delete_placement_group(moto: Any, self: Any) -> EmptyResult:
    self.error_on_dryrun()
    self.ec2_backend.delete_placement_group(self._get_param("GroupName"))
    return EmptyResult()

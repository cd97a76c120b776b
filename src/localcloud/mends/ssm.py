"""Canonical's public parameters, which name its newest images, and parameters as image ids (`resolve:ssm:…`)."""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ssm.exceptions import ParameterVersionNotFound
from moto.ssm.models import Parameter, ParameterDict, SimpleSystemManagerBackend, ssm_backends

from localcloud.mends.ec2.catalogue import RELEASES, builds
from localcloud.mends.mend import mend

PUBLIC = "/aws/service/"
CANONICAL = "/aws/service/canonical/ubuntu/server/"
# moto's parameters of these name images that no catalogue here has; a missing parameter is the honest answer.
IMAGES_OF_OTHERS = ("/aws/service/ami-amazon-linux-latest", "/aws/service/ecs/optimized-ami")
RESOLVE = "resolve:ssm:"


def canonical_parameters(region: str) -> Iterator[Parameter]:
    """What Canonical publishes: each release by number and by name, its newest build and each build by its date."""
    for release in RELEASES:
        found = builds(release)
        dated = [("current", found[-1]), *((build.serial, build) for build in found)]
        for called in (release.number, release.codename):
            for date, build in dated:
                image = f"{build.debian_architecture}/hvm/ebs-{release.volume_type}/ami-id"
                yield Parameter(  # type: ignore[abstract]  # moto leaves CloudFormation's methods out in all its models
                    account_id="",  # a public parameter's ARN names no account
                    name=f"{CANONICAL}{called}/stable/{date}/{image}",
                    value=build.image_id(region),
                    parameter_type="String",
                    description=None,
                    allowed_pattern=None,
                    keyid=None,
                    last_modified_date=build.built,
                    version=1,
                    data_type="aws:ec2:image",
                )


@mend(ParameterDict)
def _check_loading_status(moto: Any, self: ParameterDict, key: str) -> None:
    """Called by moto before each look-up: the place where public parameters are loaded."""
    wanted = str(key or "")
    if not wanted.startswith(PUBLIC):
        return
    if not wanted.startswith(IMAGES_OF_OTHERS):
        moto(self, key)
    if not self.latest_amis_loaded and (wanted.startswith(CANONICAL) or CANONICAL.startswith(wanted)):
        self.latest_amis_loaded = True
        for parameter in canonical_parameters(self.region_name):
            dict.__setitem__(self, parameter.name, [parameter])


@mend(SimpleSystemManagerBackend)
def describe_parameters(moto: Any, self: Any, *args: Any, **kwargs: Any) -> list[Parameter]:
    """A list of parameters shows one's own, not the public ones that were looked up before."""
    return [parameter for parameter in moto(self, *args, **kwargs) if not parameter.name.startswith(PUBLIC)]


@mend(SimpleSystemManagerBackend, "__init__")
def begin(moto: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """moto's default for tags is a lambda, which no pickle can hold."""
    moto(self, *args, **kwargs)
    self._resource_tags = defaultdict(partial(defaultdict, dict))


@mend(SimpleSystemManagerBackend)
def _strip_parameter_arn(moto: Any, self: Any, name: str) -> str:
    """The ARN of a public parameter names no account."""
    return str(moto(self, name.removeprefix(f"arn:{self.partition}:ssm:{self.region_name}::parameter")))


@mend(ParameterDict, "__reduce__")
def reduce(moto: Any, self: ParameterDict) -> tuple[Any, ...]:
    """A defaultdict is rebuilt from its factory; this one from its account and region."""
    return ParameterDict, (self.account_id, self.region_name), self.__dict__.copy(), None, iter(self.items())


def resolve(backend: Any, image_id: str) -> str:
    """The image that `resolve:ssm:NAME[:VERSION|:LABEL]` stands for; any other image id as it is.

    `backend` is the EC2 backend of the request: a parameter belongs to the same account and region.
    """
    if not image_id.startswith(RESOLVE):
        return image_id
    name = image_id.removeprefix(RESOLVE)
    try:
        parameter = ssm_backends[backend.account_id][backend.region_name].get_parameter(name)
    except ParameterVersionNotFound:
        parameter = None
    if parameter is None:
        raise EC2ClientError("SsmInvalidParameter", f"The following aliases are invalid: {name}")
    if parameter.data_type != "aws:ec2:image":
        raise EC2ClientError(
            "SsmInvalidParameter",
            "Unsupported data type. The following parameter data types are supported: aws:ec2:image",
        )
    return str(parameter.value)

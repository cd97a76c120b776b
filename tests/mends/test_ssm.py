"""Canonical's public parameters and image ids that name a parameter."""

import pickle
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ssm.models import ssm_backends

from localcloud.mends.ec2 import catalogue
from localcloud.mends.ssm import resolve

ACCOUNT = "123456789012"
ARCHITECTURE = catalogue.debian_architecture()
CURRENT = "/aws/service/canonical/ubuntu/server/{}/stable/current/" + ARCHITECTURE + "/hvm/{}/ami-id"


def newest(ec2: Any, release: str) -> str:
    found = ec2.describe_images(Owners=[catalogue.CANONICAL], Filters=[{"Name": "name", "Values": [f"*-{release}-*"]}])
    return str(max(found["Images"], key=lambda image: str(image["CreationDate"]))["ImageId"])


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-2"])
@pytest.mark.parametrize(
    ("called", "volume", "release"),
    [("24.04", "ebs-gp3", "24.04"), ("noble", "ebs-gp3", "24.04"), ("jammy", "ebs-gp2", "22.04")],
)
def test_the_current_parameter_is_the_newest_image_of_its_region(
    aws: Any, region: str, called: str, volume: str, release: str
) -> None:
    parameter = aws("ssm", region).get_parameter(Name=CURRENT.format(called, volume))["Parameter"]
    assert parameter["Value"] == newest(aws("ec2", region), release)
    assert parameter["DataType"] == "aws:ec2:image"
    by_arn = aws("ssm", region).get_parameter(Name=parameter["ARN"])["Parameter"]
    assert by_arn["Value"] == parameter["Value"]


def test_what_canonical_or_the_catalogue_lacks_is_an_invalid_name(aws: Any) -> None:
    wanted = [
        CURRENT.format("24.04", "ebs-gp3"),
        CURRENT.format("24.04", "ebs-gp2"),
        CURRENT.format("22.04", "ebs-gp3"),
        "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
    ]
    answer = aws("ssm").get_parameters(Names=wanted)
    assert [parameter["Name"] for parameter in answer["Parameters"]] == wanted[:1]
    assert sorted(answer["InvalidParameters"]) == sorted(wanted[1:])


@pytest.mark.parametrize("path", ["/aws/service/canonical", "/aws/service/canonical/ubuntu/server", "/aws/service"])
def test_a_path_lists_current_and_dated_parameters_in_pages(aws: Any, path: str) -> None:
    pages = aws("ssm").get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    names = [parameter["Name"] for page in pages for parameter in page["Parameters"]]
    assert len(names) == len(set(names)) == 12
    build = catalogue.builds(catalogue.RELEASES[1])[0]
    assert CURRENT.format("22.04", "ebs-gp2").replace("current", build.serial) in names


def test_a_list_of_parameters_shows_ones_own(aws: Any) -> None:
    ssm = aws("ssm")
    ssm.get_parameter(Name=CURRENT.format("24.04", "ebs-gp3"))
    ssm.put_parameter(Name="/class/size", Value="3", Type="String")
    assert [parameter["Name"] for parameter in ssm.describe_parameters()["Parameters"]] == ["/class/size"]


def test_parameters_and_their_tags_survive_being_stored(aws: Any) -> None:
    ssm = aws("ssm")
    ssm.put_parameter(Name="/class/size", Value="3", Type="String", Tags=[{"Key": "Lab", "Value": "demo"}])
    ssm.put_parameter(Name="/class/size", Value="4", Type="String", Overwrite=True)
    ssm.get_parameter(Name=CURRENT.format("24.04", "ebs-gp3"))
    stored = pickle.dumps(ssm_backends[ACCOUNT]["us-east-1"])
    ssm_backends[ACCOUNT]["us-east-1"] = pickle.loads(stored)  # noqa: S301  (our own bytes)
    assert ssm.get_parameter(Name="/class/size:1")["Parameter"]["Value"] == "3"
    assert ssm.get_parameter(Name="/class/size")["Parameter"]["Value"] == "4"
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/class/size")["TagList"]
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/class/size", Tags=[{"Key": "a", "Value": "b"}])
    assert ssm.get_parameter(Name=CURRENT.format("jammy", "ebs-gp2"))["Parameter"]["Value"]


def test_an_image_id_may_name_a_parameter(aws: Any) -> None:
    ssm, backend = aws("ssm"), ec2_backends[ACCOUNT]["us-east-1"]
    ubuntu = newest(aws("ec2"), "24.04")
    name = CURRENT.format("24.04", "ebs-gp3")
    assert resolve(backend, "ami-1") == "ami-1"
    assert resolve(backend, f"resolve:ssm:{name}") == ubuntu
    assert resolve(backend, f"resolve:ssm:arn:aws:ssm:us-east-1::parameter{name}") == ubuntu
    ssm.put_parameter(Name="golden", Value="ami-1", Type="String", DataType="aws:ec2:image")
    ssm.put_parameter(Name="golden", Value="ami-2", Type="String", DataType="aws:ec2:image", Overwrite=True)
    ssm.label_parameter_version(Name="golden", ParameterVersion=1, Labels=["tried"])
    found = [resolve(backend, f"resolve:ssm:golden{suffix}") for suffix in ("", ":1", ":2", ":tried")]
    assert found == ["ami-2", "ami-1", "ami-2", "ami-1"]


@pytest.mark.parametrize("name", ["/not/there", "golden:7", "golden:unknown", "words"])
def test_a_parameter_that_is_no_image_is_refused(aws: Any, name: str) -> None:
    aws("ssm").put_parameter(Name="golden", Value="ami-1", Type="String", DataType="aws:ec2:image")
    aws("ssm").put_parameter(Name="words", Value="ami-1", Type="String")
    with pytest.raises(EC2ClientError) as refused:
        resolve(ec2_backends[ACCOUNT]["us-east-1"], f"resolve:ssm:{name}")
    assert "SsmInvalidParameter" in str(refused.value)


def test_an_unknown_public_parameter_is_not_found(aws: Any) -> None:
    with pytest.raises(ClientError, match="ParameterNotFound"):
        aws("ssm").get_parameter(Name=CURRENT.format("16.04", "ebs-gp2"))


def test_an_image_may_be_named_by_its_parameter(aws: Any) -> None:
    name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
    image = aws("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    asked = {"InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    made = aws("ec2").run_instances(ImageId=f"resolve:ssm:{name}", **asked)["Instances"][0]
    assert made["ImageId"] == image
    with pytest.raises(ClientError, match="SsmInvalidParameter"):
        aws("ec2").run_instances(ImageId="resolve:ssm:/no/such/parameter", **asked)

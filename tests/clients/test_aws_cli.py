"""The stock `aws` command, as a person types it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

AWS = Path(sys.executable).parent / "aws"
KEY = Path(__file__).parent / "files" / "key.pub"
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
    '"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
)
Run = Callable[..., subprocess.CompletedProcess[str]]
Aws = Callable[..., Any]


@pytest.fixture
def aws(run: Run, warm: Path) -> Aws:
    """aws("ec2 describe-vpcs") is what it prints, as JSON where it is JSON; `refused`: the code it must fail with."""

    def command(words: str, *more: str | Path, refused: str = "") -> Any:
        done = run(warm, AWS, *words.split(), *more, AWS_PAGER="")
        if refused:
            assert done.returncode != 0, f"{words} was not refused: {done.stdout}"
            assert refused in done.stderr, done.stderr
            return None
        assert done.returncode == 0, f"{words}: {done.stderr}"
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout.strip()

    return command


def test_machines(aws: Aws, image: str, tmp_path: Path) -> None:
    aws("ec2 import-key-pair --key-name cli --public-key-material", f"fileb://{KEY}")
    group = aws("ec2 create-security-group --group-name cli --description cli")["GroupId"]
    aws(f"ec2 authorize-security-group-ingress --group-id {group} --protocol tcp --port 22 --cidr 203.0.113.0/24")
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\necho hello\n")
    launch = (
        f"ec2 run-instances --image-id {image} --instance-type t3.micro --key-name cli --security-group-ids {group} "
        f"--user-data file://{script} --count 2 --metadata-options HttpTokens=required,HttpEndpoint=enabled "
        "--block-device-mappings DeviceName=/dev/sda1,Ebs={VolumeSize=9,VolumeType=gp3,Encrypted=true} "
        "--tag-specifications ResourceType=instance,Tags=[{Key=Lab,Value=cli}] "
        "ResourceType=volume,Tags=[{Key=Lab,Value=cli}]"
    )
    aws(f"{launch} --dry-run", refused="DryRunOperation")
    made = [each["InstanceId"] for each in aws(launch)["Instances"]]
    first, ids = made[0], " ".join(made)
    aws(f"ec2 wait instance-running --instance-ids {ids}")
    aws(f"ec2 wait instance-status-ok --instance-ids {ids}")
    shown = "InstanceId,State.Name,KeyName,MetadataOptions.HttpTokens,SecurityGroups[0].GroupId"
    found = aws(
        "ec2 describe-instances --filters Name=tag:Lab,Values=cli Name=instance-state-name,Values=running --query",
        f"Reservations[].Instances[].[{shown}]",
    )
    assert sorted(found) == sorted([each, "running", "cli", "required", group] for each in made)
    disks = aws("ec2 describe-volumes --filters Name=tag:Lab,Values=cli --query Volumes[].[Size,VolumeType,Encrypted]")
    assert disks == [[9, "gp3", True]] * 2
    text = (
        f"ec2 describe-instances --instance-ids {first} --output text --query Reservations[].Instances[].InstanceType"
    )
    assert aws(text) == "t3.micro"
    told = aws(f"ec2 describe-instance-attribute --instance-id {first} --attribute userData --query UserData.Value")
    assert told == "IyEvYmluL3NoCmVjaG8gaGVsbG8K"

    modify = f"ec2 modify-instance-attribute --instance-id {first}"
    aws(f"{modify} --instance-type Value=t3.small", refused="IncorrectInstanceState")
    aws(f"{modify} --disable-api-termination")
    aws(f"ec2 terminate-instances --instance-ids {first}", refused="OperationNotPermitted")
    aws(f"{modify} --no-disable-api-termination")
    aws(
        f"ec2 modify-instance-metadata-options --instance-id {first} "
        "--http-put-response-hop-limit 3 --http-tokens optional"
    )
    aws(f"ec2 monitor-instances --instance-ids {first}")
    aws(f"ec2 stop-instances --instance-ids {first}")
    aws(f"ec2 wait instance-stopped --instance-ids {first}")
    aws(f"{modify} --instance-type Value=t3.small")
    changed = aws(
        f"ec2 describe-instances --instance-ids {first} --query",
        "Reservations[0].Instances[0].[InstanceType,MetadataOptions.HttpPutResponseHopLimit,MetadataOptions.HttpTokens,Monitoring.State]",
    )
    assert changed == ["t3.small", 3, "optional", "enabled"]

    picture = aws(f"ec2 create-image --instance-id {first} --name cli --description mine --no-reboot")["ImageId"]
    aws(f"ec2 wait image-available --image-ids {picture}")
    seen = aws("ec2 describe-images --owners self --query Images[].[ImageId,Name,Description,State]")
    assert seen == [[picture, "cli", "mine", "available"]]
    aws(f"ec2 modify-image-attribute --image-id {picture} --launch-permission Add=[{{UserId=210987654321}}]")
    shared = aws(f"ec2 describe-image-attribute --image-id {picture} --attribute launchPermission")
    assert shared["LaunchPermissions"] == [{"UserId": "210987654321"}]
    aws(f"ec2 delete-security-group --group-id {group}", refused="DependencyViolation")
    aws(f"ec2 terminate-instances --instance-ids {ids}")
    aws(f"ec2 wait instance-terminated --instance-ids {ids}")
    aws(f"ec2 delete-security-group --group-id {group}")
    aws(f"ec2 deregister-image --image-id {picture}")


def test_disks_and_addresses(aws: Aws) -> None:
    volume = aws(
        "ec2 create-volume --availability-zone us-east-1a --size 10 --volume-type gp3 --iops 3500 "
        "--tag-specifications ResourceType=volume,Tags=[{Key=Lab,Value=cli-disks}]"
    )["VolumeId"]
    aws(f"ec2 wait volume-available --volume-ids {volume}")
    change = aws(f"ec2 modify-volume --volume-id {volume} --size 20 --throughput 200")["VolumeModification"]
    assert (change["OriginalSize"], change["TargetSize"], change["TargetThroughput"]) == (10, 20, 200)
    snapshot = aws(f"ec2 create-snapshot --volume-id {volume} --description cli")["SnapshotId"]
    aws(f"ec2 wait snapshot-completed --snapshot-ids {snapshot}")
    copy = aws(f"ec2 copy-snapshot --source-region us-east-1 --source-snapshot-id {snapshot} --description copy")
    told = aws(
        f"ec2 describe-snapshots --snapshot-ids {copy['SnapshotId']} --query Snapshots[0].[Description,VolumeSize]"
    )
    assert told == ["copy", 20]
    address = aws("ec2 allocate-address --domain vpc")
    assert aws("ec2 describe-addresses --query Addresses[].PublicIp") == [address["PublicIp"]]
    aws(f"ec2 release-address --allocation-id {address['AllocationId']}")
    aws(f"ec2 create-tags --resources {volume} {snapshot} --tags Key=Student,Value=ada")
    tags = aws("ec2 describe-tags --filters Name=key,Values=Student --query Tags[].[ResourceId,ResourceType,Value]")
    assert sorted(tags) == sorted([[volume, "volume", "ada"], [snapshot, "snapshot", "ada"]])
    aws(f"ec2 delete-volume --volume-id {volume}")
    aws(f"ec2 describe-volumes --volume-ids {volume}", refused="InvalidVolume.NotFound")


def test_buckets(aws: Aws, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.txt").write_text("one\n")
    (folder / "deep" / "two.txt").write_text("two\n")
    (folder / "big.bin").write_bytes(bytes(range(256)) * 40_000)  # more than one part of an upload
    for file in (each for each in folder.rglob("*") if each.is_file()):
        # S3 tells whole seconds: what was written within the second of its upload looks newer than what is up there.
        os.utime(file, (time.time() - 60,) * 2)
    aws("s3 mb s3://clients-of-the-cli")
    aws("s3 mb s3://clients-of-the-cli")
    aws(f"s3 sync {folder} s3://clients-of-the-cli/notes")
    assert aws(f"s3 sync {folder} s3://clients-of-the-cli/notes") == ""
    listed = aws("s3 ls --recursive s3://clients-of-the-cli")
    assert [line.split()[2:] for line in listed.splitlines()] == [
        ["10240000", "notes/big.bin"], ["4", "notes/deep/two.txt"], ["4", "notes/one.txt"],
    ]  # fmt: skip
    aws(f"s3 cp s3://clients-of-the-cli/notes/big.bin {tmp_path}/back.bin")
    assert (tmp_path / "back.bin").read_bytes() == (folder / "big.bin").read_bytes()
    aws(f"s3 sync s3://clients-of-the-cli/notes {tmp_path}/all-back")
    assert (tmp_path / "all-back" / "deep" / "two.txt").read_text() == "two\n"
    aws("s3 cp s3://clients-of-the-cli/notes/big.bin s3://clients-of-the-cli/big-copy.bin")
    assert aws("s3 ls s3://clients-of-the-cli/big-copy.bin").endswith("10240000 big-copy.bin")
    aws("s3 rm s3://clients-of-the-cli/big-copy.bin")
    aws("s3 cp s3://clients-of-the-cli/notes/one.txt s3://clients-of-the-cli/copy.txt")
    assert aws("s3 cp s3://clients-of-the-cli/copy.txt -") == "one"
    aws("s3 mv s3://clients-of-the-cli/copy.txt s3://clients-of-the-cli/moved.txt")
    address = aws("s3 presign s3://clients-of-the-cli/moved.txt --expires-in 60")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(address).read() == b"one\n"
    (folder / "one.txt").unlink()
    aws(f"s3 sync --delete {folder} s3://clients-of-the-cli/notes")
    keys = aws("s3api list-objects-v2 --bucket clients-of-the-cli --query Contents[].Key")
    assert keys == ["moved.txt", "notes/big.bin", "notes/deep/two.txt"]
    aws("s3 rb s3://clients-of-the-cli", refused="BucketNotEmpty")
    aws("s3 rb --force s3://clients-of-the-cli")
    aws("s3 ls s3://clients-of-the-cli", refused="NoSuchBucket")
    assert "clients-of-the-cli" not in aws("s3 ls")


def test_accounts_and_parameters(aws: Aws) -> None:
    path = "/aws/service/canonical/ubuntu/server/24.04/stable/current"
    found = aws(f"ssm get-parameters-by-path --recursive --path {path} --query Parameters[].Name")
    assert f"{path}/amd64/hvm/ebs-gp3/ami-id" in found
    aws("ssm put-parameter --name /clients/secret --type SecureString --value shh")
    assert aws("ssm get-parameter --name /clients/secret --with-decryption --query Parameter.Value") == "shh"
    aws("ssm get-parameter --name /clients/none", refused="ParameterNotFound")

    aws("iam create-role --role-name cli --assume-role-policy-document", TRUST)
    aws("iam attach-role-policy --role-name cli --policy-arn arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    attached = aws("iam list-attached-role-policies --role-name cli --query AttachedPolicies[].PolicyName")
    assert attached == ["AmazonSSMManagedInstanceCore"]
    aws("iam create-instance-profile --instance-profile-name cli")
    aws("iam add-role-to-instance-profile --instance-profile-name cli --role-name cli")
    aws("iam wait instance-profile-exists --instance-profile-name cli")
    aws("iam delete-role --role-name cli", refused="DeleteConflict")
    assert aws("sts get-caller-identity --query Account --output text") == 123456789012

    quota = aws("service-quotas get-service-quota --service-code ec2 --quota-code L-1216C47A")["Quota"]
    assert quota["QuotaName"] == "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"
    codes = aws("service-quotas list-service-quotas --service-code ec2 --query Quotas[].QuotaCode")
    assert "L-1216C47A" in codes
    regions = aws("ec2 describe-regions --region-names eu-central-1 --query Regions[].RegionName")
    assert regions == ["eu-central-1"]
    assert aws("ec2 describe-account-attributes --attribute-names default-vpc")["AccountAttributes"][0][
        "AttributeValues"
    ]

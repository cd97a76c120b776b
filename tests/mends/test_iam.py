"""IAM and STS: AWS's policies, what hangs together, and what a set of policies would allow."""

import json
import pickle
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

ACCOUNT = "123456789012"
AWS = "arn:aws:iam::aws:policy/"
CORE = f"{AWS}AmazonSSMManagedInstanceCore"
POWER = f"{AWS}PowerUserAccess"


def document(effect: str, action: Any, resource: Any = "*", **more: Any) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": resource} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
    }
)


@pytest.fixture
def iam(aws: Any) -> Any:
    return aws("iam")


def store_and_load() -> int:
    stored = pickle.dumps(iam_backends[ACCOUNT]["aws"])
    iam_backends[ACCOUNT]["aws"] = pickle.loads(stored)  # noqa: S301  (our own bytes)
    return len(stored)


def test_awss_policies_are_there_and_page(iam: Any) -> None:
    pages = list(iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 200}))
    names = {policy["PolicyName"] for page in pages for policy in page["Policies"]}
    assert len(pages) > 5
    assert {"AmazonSSMManagedInstanceCore", "AmazonEC2FullAccess", "ReadOnlyAccess"} <= names
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_awss_policies_are_not_stored_but_their_use_is(iam: Any) -> None:
    iam.create_role(RoleName="host", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "Lab", "Value": "demo"}])
    iam.attach_role_policy(RoleName="host", PolicyArn=CORE)
    iam.create_policy(PolicyName="own", PolicyDocument=document("Allow", "s3:*"))
    before = iam.get_policy(PolicyArn=CORE)["Policy"]
    assert store_and_load() < 20_000
    assert iam.get_policy(PolicyArn=CORE)["Policy"] == before
    assert before["AttachmentCount"] == 1
    assert iam.list_attached_role_policies(RoleName="host")["AttachedPolicies"][0]["PolicyArn"] == CORE
    assert iam.get_policy(PolicyArn=POWER)["Policy"]["AttachmentCount"] == 0
    iam.detach_role_policy(RoleName="host", PolicyArn=CORE)
    assert iam.get_policy(PolicyArn=CORE)["Policy"]["AttachmentCount"] == 0
    assert [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]] == ["own"]


def test_awss_policies_cannot_be_changed(iam: Any) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.delete_policy(PolicyArn=POWER)
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.create_policy_version(PolicyArn=POWER, PolicyDocument=document("Allow", "*"))


def test_the_accounts_details_name_only_policies_in_use(iam: Any) -> None:
    iam.create_user(UserName="teacher")
    iam.attach_user_policy(UserName="teacher", PolicyArn=POWER)
    details = iam.get_account_authorization_details()
    assert [policy["Arn"] for policy in details["Policies"]] == [POWER]
    assert details["UserDetailList"][0]["AttachedManagedPolicies"][0]["PolicyArn"] == POWER


def test_a_users_boundary_is_kept_changed_and_removed(iam: Any) -> None:
    def boundary() -> Any:
        return iam.get_user(UserName="student")["User"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")

    iam.create_user(UserName="student", PermissionsBoundary=POWER)
    assert boundary() == POWER
    iam.put_user_permissions_boundary(UserName="student", PermissionsBoundary=CORE)
    assert boundary() == CORE
    iam.delete_user_permissions_boundary(UserName="student")
    assert boundary() is None
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.create_user(UserName="other", PermissionsBoundary=f"{AWS}NoSuch")
    assert len(iam.list_users()["Users"]) == 1


def test_what_is_in_use_is_not_deleted(iam: Any) -> None:
    iam.create_user(UserName="teacher")
    key = iam.create_access_key(UserName="teacher")["AccessKey"]
    assert key["CreateDate"]
    iam.create_group(GroupName="staff")
    iam.add_user_to_group(GroupName="staff", UserName="teacher")
    own = iam.create_policy(PolicyName="own", PolicyDocument=document("Allow", "s3:*"))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="staff", PolicyArn=own)
    refused = [
        (iam.delete_user, {"UserName": "teacher"}, "delete access keys"),
        (iam.delete_group, {"GroupName": "staff"}, "remove users from group"),
        (iam.delete_policy, {"PolicyArn": own}, "attached to entities"),
    ]
    for call, words, why in refused:
        with pytest.raises(ClientError, match=f"DeleteConflict.*{why}"):
            call(**words)
    iam.delete_access_key(UserName="teacher", AccessKeyId=key["AccessKeyId"])
    iam.remove_user_from_group(GroupName="staff", UserName="teacher")
    iam.detach_group_policy(GroupName="staff", PolicyArn=own)
    for call, words, _ in refused:
        call(**words)


def test_lists_page_and_keep_to_their_path(iam: Any) -> None:
    for number in range(5):
        iam.create_user(UserName=f"student{number}", Path="/class/")
        iam.create_group(GroupName=f"group{number}", Path="/class/")
        iam.create_instance_profile(InstanceProfileName=f"profile{number}", Path="/class/")
    iam.create_user(UserName="teacher")
    iam.create_group(GroupName="staff")
    iam.create_instance_profile(InstanceProfileName="own")
    for what, name in (("users", "Users"), ("groups", "Groups"), ("instance_profiles", "InstanceProfiles")):
        call = getattr(iam, f"list_{what}")
        assert len(call(PathPrefix="/class/")[name]) == 5
        first = call(MaxItems=4)
        assert (len(first[name]), first["IsTruncated"]) == (4, True)
        assert len(call(Marker=first["Marker"])[name]) == 2


def test_tags_of_an_instance_profile_are_told(iam: Any) -> None:
    iam.create_instance_profile(InstanceProfileName="host", Tags=[{"Key": "Lab", "Value": "demo"}])
    assert iam.list_instance_profile_tags(InstanceProfileName="host")["Tags"] == [{"Key": "Lab", "Value": "demo"}]


def test_the_throw_away_credentials_are_the_accounts_own(aws: Any, iam: Any) -> None:
    me = aws("sts").get_caller_identity()
    assert (me["Account"], me["UserId"], me["Arn"]) == (ACCOUNT, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    assert iam.list_access_keys()["AccessKeyMetadata"] == []


def test_a_role_must_exist_to_be_assumed(aws: Any, iam: Any) -> None:
    sts, arn = aws("sts"), f"arn:aws:iam::{ACCOUNT}:role/host"
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=arn, RoleSessionName="session")
    iam.create_role(RoleName="host", AssumeRolePolicyDocument=TRUST)
    assert sts.assume_role(RoleArn=arn, RoleSessionName="session")["AssumedRoleUser"]["Arn"].endswith("host/session")


def decisions(answer: dict[str, Any]) -> dict[str, str]:
    return {result["EvalActionName"]: result["EvalDecision"] for result in answer["EvaluationResults"]}


def test_a_simulation_weighs_users_groups_and_denials(iam: Any) -> None:
    arn = iam.create_user(UserName="teacher")["User"]["Arn"]
    iam.put_user_policy(
        UserName="teacher", PolicyName="no", PolicyDocument=document("Deny", ["ec2:Terminate*", "EC2:stop*"])
    )
    iam.create_group(GroupName="staff")
    iam.attach_group_policy(GroupName="staff", PolicyArn=f"{AWS}AmazonEC2FullAccess")
    actions = ["ec2:RunInstances", "ec2:TerminateInstances", "ec2:StopInstances", "iam:CreateUser"]
    asked = {"PolicySourceArn": arn, "ActionNames": actions}
    assert set(decisions(iam.simulate_principal_policy(**asked)).values()) == {"implicitDeny", "explicitDeny"}
    iam.add_user_to_group(GroupName="staff", UserName="teacher")
    answer = iam.simulate_principal_policy(**asked)
    assert list(decisions(answer).values()) == ["allowed", "explicitDeny", "explicitDeny", "implicitDeny"]
    (matched,) = answer["EvaluationResults"][0]["MatchedStatements"]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == ("AmazonEC2FullAccess", "aws-managed")
    iam.put_user_permissions_boundary(UserName="teacher", PermissionsBoundary=f"{AWS}AmazonS3FullAccess")
    assert decisions(iam.simulate_principal_policy(**asked))["ec2:RunInstances"] == "implicitDeny"


def test_a_simulation_looks_at_the_resource(iam: Any) -> None:
    answer = iam.simulate_custom_policy(
        PolicyInputList=[document("Allow", "s3:Get*", "arn:aws:s3:::lab/*")],
        ActionNames=["s3:GetObject"],
        ResourceArns=["arn:aws:s3:::lab/data", "arn:aws:s3:::other/data"],
    )
    assert [result["EvalDecision"] for result in answer["EvaluationResults"]] == ["allowed", "implicitDeny"]


@pytest.mark.parametrize(
    ("condition", "decision", "missing"),
    [
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, "allowed", []),
        ({"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}, "implicitDeny", []),
        ({"StringNotLike": {"aws:RequestedRegion": "us-*"}}, "implicitDeny", []),
        ({"StringEquals": {"aws:PrincipalTag/Lab": "demo"}}, "implicitDeny", ["aws:PrincipalTag/Lab"]),
        ({"StringEqualsIfExists": {"aws:PrincipalTag/Lab": "demo"}}, "allowed", ["aws:PrincipalTag/Lab"]),
        ({"DateLessThan": {"aws:RequestedRegion": "2020-01-01"}}, "implicitDeny", ["aws:RequestedRegion"]),
    ],
)
def test_a_condition_is_judged_or_named(iam: Any, condition: Any, decision: str, missing: list[str]) -> None:
    region = {"ContextKeyName": "aws:requestedregion", "ContextKeyValues": ["us-east-1"], "ContextKeyType": "string"}
    (result,) = iam.simulate_custom_policy(
        PolicyInputList=[document("Allow", "ec2:*", Condition=condition)],
        ActionNames=["ec2:RunInstances"],
        ContextEntries=[region],
    )["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == (decision, missing)
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[document("Allow", "*", Condition=condition)])
    assert keys["ContextKeyNames"] == list(next(iter(condition.values())))


def test_a_simulation_refuses_what_it_cannot_read(iam: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:user/none", ActionNames=["a:b"])
    with pytest.raises(ClientError, match="not a policy document"):
        iam.simulate_custom_policy(PolicyInputList=["{}"], ActionNames=["a:b"])

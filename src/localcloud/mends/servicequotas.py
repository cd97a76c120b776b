"""service-quotas for EC2: read, page, and ask for more, which is granted at once."""

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time
from moto.ec2.utils import random_resource_id
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

from localcloud.mends.ec2.quotas import Quota, quotas
from localcloud.mends.mend import mend

SERVICES = {
    "ec2": "Amazon Elastic Compute Cloud (Amazon EC2)",
    "vpc": "Amazon Virtual Private Cloud (Amazon VPC)",
}
PAGE = 100


def no_such(message: str) -> JsonRESTError:
    return JsonRESTError("NoSuchResourceException", message)


def _shown(backend: Any, quota: Quota, value: float) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ServiceCode": "ec2",
        "ServiceName": SERVICES["ec2"],
        "QuotaArn": f"arn:aws:servicequotas:{backend.region_name}:{backend.account_id}:ec2/{quota.code}",
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }
    if quota.vcpu_class:
        dimensions = {"Class": quota.vcpu_class, "Resource": "vCPU", "Service": "EC2", "Type": "Resource"}
        shown["UsageMetric"] = {
            "MetricNamespace": "AWS/Usage",
            "MetricName": "ResourceCount",
            "MetricDimensions": dimensions,
            "MetricStatisticRecommendation": "Maximum",
        }
    return shown


@mend(ServiceQuotasBackend)
def list_aws_default_service_quotas(moto: Any, self: Any, service_code: str) -> list[dict[str, Any]]:
    if service_code == "ec2":
        return [_shown(self, quota, quota.default) for quota in quotas().values()]
    found: list[dict[str, Any]] = moto(self, service_code)
    return found


@mend(ServiceQuotasBackend)
def list_service_quotas(moto: Any, self: Any, service_code: str) -> list[dict[str, Any]]:
    granted = getattr(self, "granted", {})
    return [
        {**quota, "Value": granted.get((service_code, quota["QuotaCode"]), quota["Value"])}
        for quota in self.list_aws_default_service_quotas(service_code)
    ]


def _one(found: list[dict[str, Any]], service_code: str, quota_code: str) -> dict[str, Any]:
    for quota in found:
        if quota["QuotaCode"] == quota_code:
            return quota
    raise no_such(
        f"The request failed because the specified quota {quota_code} does not exist for service {service_code}."
    )


@mend(ServiceQuotasBackend)
def get_service_quota(moto: Any, self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
    return _one(self.list_service_quotas(service_code), service_code, quota_code)


@mend(ServiceQuotasBackend)
def request_service_quota_increase(
    moto: Any, self: Any, service_code: str, quota_code: str, desired_value: float
) -> dict[str, Any]:
    quota = self.get_service_quota(service_code, quota_code)
    if not quota["Adjustable"]:
        raise JsonRESTError("InvalidResourceStateException", f"The quota {quota_code} is not adjustable.")
    if desired_value <= quota["Value"]:
        raise JsonRESTError(
            "IllegalArgumentException",
            f"You must provide a quota value greater than the current quota value: {quota['Value']}",
        )
    # Kept beside moto's own state, so an older pickle without them still works.
    self.__dict__.setdefault("granted", {})[(service_code, quota_code)] = float(desired_value)
    now = unix_time()
    change = {
        "Id": random_resource_id(32),
        "ServiceCode": service_code,
        "ServiceName": quota["ServiceName"],
        "QuotaCode": quota_code,
        "QuotaName": quota["QuotaName"],
        "DesiredValue": float(desired_value),
        "Status": "APPROVED",
        "Created": now,
        "LastUpdated": now,
        "Requester": json.dumps({"accountId": self.account_id, "callerArn": f"arn:aws:iam::{self.account_id}:root"}),
        "QuotaArn": quota["QuotaArn"],
        "GlobalQuota": quota["GlobalQuota"],
        "Unit": quota["Unit"],
        "QuotaRequestedAtLevel": "ACCOUNT",
    }
    self.__dict__.setdefault("changes", []).append(change)
    return change


def _changes(self: Any, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    keys = [key for key in ("ServiceCode", "QuotaCode", "Status") if wanted.get(key)]
    changes = getattr(self.backend, "changes", [])
    return [change for change in changes if all(change[key] == wanted[key] for key in keys)]


def _paged(wanted: dict[str, Any], key: str, found: list[dict[str, Any]]) -> str:
    token = str(wanted.get("NextToken") or "0")
    if not token.isdigit():
        raise JsonRESTError("InvalidPaginationTokenException", "Invalid input was provided.")
    start, size = int(token), int(wanted.get("MaxResults") or PAGE)
    answer: dict[str, Any] = {key: found[start : start + size]}
    if start + size < len(found):
        answer["NextToken"] = str(start + size)
    return json.dumps(answer)


@mend(ServiceQuotasResponse, "list_aws_default_service_quotas")
def _list_defaults(moto: Any, self: Any) -> str:
    wanted = json.loads(self.body)
    return _paged(wanted, "Quotas", self.backend.list_aws_default_service_quotas(wanted["ServiceCode"]))


@mend(ServiceQuotasResponse, "list_service_quotas")
def _list(moto: Any, self: Any) -> str:
    wanted = json.loads(self.body)
    found = self.backend.list_service_quotas(wanted["ServiceCode"])
    return _paged(wanted, "Quotas", [each for each in found if wanted.get("QuotaCode") in (None, each["QuotaCode"])])


@mend(ServiceQuotasResponse)
def get_aws_default_service_quota(moto: Any, self: Any) -> str:
    wanted = json.loads(self.body)
    found = self.backend.list_aws_default_service_quotas(wanted["ServiceCode"])
    return json.dumps({"Quota": _one(found, wanted["ServiceCode"], wanted["QuotaCode"])})


@mend(ServiceQuotasResponse, "request_service_quota_increase")
def _increase(moto: Any, self: Any) -> str:
    wanted = json.loads(self.body)
    change = self.backend.request_service_quota_increase(
        wanted["ServiceCode"], wanted["QuotaCode"], float(wanted["DesiredValue"])
    )
    return json.dumps({"RequestedQuota": change})


@mend(ServiceQuotasResponse)
def get_requested_service_quota_change(moto: Any, self: Any) -> str:
    wanted = json.loads(self.body)["RequestId"]
    for change in getattr(self.backend, "changes", []):
        if change["Id"] == wanted:
            return json.dumps({"RequestedQuota": change})
    raise no_such(f"The request failed because the quota increase request {wanted} does not exist.")


@mend(ServiceQuotasResponse)
def list_requested_service_quota_change_history(moto: Any, self: Any) -> str:
    wanted = json.loads(self.body)
    return _paged(wanted, "RequestedQuotas", _changes(self, wanted))


@mend(ServiceQuotasResponse)
def list_requested_service_quota_change_history_by_quota(moto: Any, self: Any) -> str:
    wanted = json.loads(self.body)
    return _paged(wanted, "RequestedQuotas", _changes(self, wanted))


@mend(ServiceQuotasResponse)
def list_services(moto: Any, self: Any) -> str:
    found = [{"ServiceCode": code, "ServiceName": name} for code, name in SERVICES.items()]
    return _paged(json.loads(self.body), "Services", found)

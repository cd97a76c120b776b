"""Launch templates: a version's number is its own for ever, and a new version may start from an older one's data."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidLaunchTemplateIdNotFound,
    InvalidLaunchTemplateNameNotFoundWithNameError,
    InvalidLaunchTemplateVersionNotFound,
    InvalidParameterValue,
)
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateBackend, LaunchTemplateVersion
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import parse_user_data

from localcloud.mends.ec2.filters import teach
from localcloud.mends.mend import mend

# moto keeps the tags of the template's birth beside the real ones; only the latter follow CreateTags.
LaunchTemplate.tags = property(lambda template: template.get_tags(), lambda template, _: None)  # type: ignore[assignment]

teach(LaunchTemplate, {"create-time": lambda template: template.create_time})


@mend(LaunchTemplate)
def create_version(moto: Any, self: Any, data: dict[str, Any], description: str) -> Any:
    """moto numbers by counting, and gives a deleted version's number to another."""
    self.highest_number = getattr(self, "highest_number", len(self.versions)) + 1
    version = LaunchTemplateVersion(self, self.highest_number, data, description)
    self.versions.append(version)
    return version


@mend(LaunchTemplate)
def get_version(moto: Any, self: Any, num: Any) -> Any:
    asked = str(num).lower()
    if asked not in ("$latest", "$default") and not asked.isdigit():
        raise InvalidParameterValue(f"Value ({num}) for parameter version is invalid.")
    number = {"$latest": self.versions[-1].number, "$default": self.default_version_number}.get(asked)
    for version in self.versions:
        if version.number == (number or int(asked)):
            return version
    raise InvalidLaunchTemplateVersionNotFound(template_id=self.id, version=num)


@mend(LaunchTemplate)
def default_version(moto: Any, self: Any) -> Any:
    return self.get_version("$Default")


def find_template(response: Any) -> Any:
    """The template that a request means, by id or by name."""
    name, template_id = response._get_param("LaunchTemplateName"), response._get_param("LaunchTemplateId")
    if name and template_id:
        raise EC2ClientError(
            "InvalidParameterCombination", "Specify either the launch template ID or its name, but not both."
        )
    if not (name or template_id):
        raise EC2ClientError(
            "MissingParameter",
            "Either a launch template ID or a launch template name must be specified in the request.",
        )
    backend = response.ec2_backend
    return backend.get_launch_template_by_name(name) if name else backend.get_launch_template(template_id)


def as_version(response: Any, template: Any, version: Any) -> dict[str, Any]:
    return {
        "CreateTime": version.create_time,
        "CreatedBy": f"arn:{response.partition}:iam::{response.current_account}:root",
        "DefaultVersion": template.is_default(version),
        "LaunchTemplateData": version.data,
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionDescription": version.description,
        "VersionNumber": version.number,
    }


def as_template(response: Any, template: Any) -> dict[str, Any]:
    return {
        "CreateTime": template.create_time,
        "CreatedBy": f"arn:{response.partition}:iam::{response.current_account}:root",
        "DefaultVersionNumber": template.default_version_number,
        "LatestVersionNumber": template.latest_version_number,
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Tags": template.tags,
    }


def template_data(response: Any) -> dict[str, Any]:
    data: dict[str, Any] = response._get_param("LaunchTemplateData", {})
    if data.get("UserData") is not None:
        data["UserData"] = parse_user_data(data["UserData"])
    return data


@mend(LaunchTemplateBackend)
def delete_launch_template(moto: Any, self: Any, name: str, tid: str | None) -> Any:
    """moto says of an unknown name that a parameter is missing."""
    template = self.get_launch_template_by_name(name) if name else self.get_launch_template(tid)
    moto(self, None, template.id)
    return template


@mend(LaunchTemplateBackend)
def modify_launch_template(
    moto: Any, self: Any, default_version: str, template_name: str | None = None, template_id: str | None = None
) -> Any:
    template = (
        self.get_launch_template_by_name(template_name) if template_name else self.get_launch_template(template_id)
    )
    template.default_version_number = template.get_version(default_version).number
    return template


@mend(LaunchTemplateBackend)
def describe_launch_templates(
    moto: Any,
    self: Any,
    template_names: list[str] | None = None,
    template_ids: list[str] | None = None,
    filters: Any = None,
) -> Any:
    for name in template_names or []:
        if name not in self.launch_template_name_to_ids:
            raise InvalidLaunchTemplateNameNotFoundWithNameError(name)
    for template_id in template_ids or []:
        if template_id not in self.launch_templates:
            raise InvalidLaunchTemplateIdNotFound(template_id)
    return moto(self, template_names, template_ids, filters)


@mend(LaunchTemplates, "create_launch_template")
def answer_create_launch_template(moto: Any, self: Any) -> ActionResult:
    """moto puts the template's own tags among those of the instances to be launched."""
    tags = self._parse_tag_specification("launch-template")
    data = template_data(self)
    self.error_on_dryrun()
    template = self.ec2_backend.create_launch_template(
        self._get_param("LaunchTemplateName"), self._get_param("VersionDescription"), data, tags
    )
    return ActionResult({"LaunchTemplate": as_template(self, template)})


@mend(LaunchTemplates, "create_launch_template_version")
def answer_create_launch_template_version(moto: Any, self: Any) -> ActionResult:
    template = find_template(self)
    source = self._get_param("SourceVersion")
    data = dict(template.get_version(source).data) if source else {}
    data |= template_data(self)
    self.error_on_dryrun()
    version = template.create_version(data, self._get_param("VersionDescription"))
    return ActionResult({"LaunchTemplateVersion": as_version(self, template, version)})


@mend(LaunchTemplates, "modify_launch_template")
def answer_modify_launch_template(moto: Any, self: Any) -> ActionResult:
    template = find_template(self)
    self.error_on_dryrun()
    version = self._get_param("DefaultVersion")
    if version is not None:
        self.ec2_backend.modify_launch_template(version, template_id=template.id)
    return ActionResult({"LaunchTemplate": as_template(self, template)})


@mend(LaunchTemplates, "delete_launch_template")
def answer_delete_launch_template(moto: Any, self: Any) -> ActionResult:
    template = find_template(self)
    self.error_on_dryrun()
    answer = as_template(self, template)
    self.ec2_backend.delete_launch_template(None, template.id)
    self.ec2_backend.tags.pop(template.id, None)
    return ActionResult({"LaunchTemplate": answer})


@mend(LaunchTemplates, "describe_launch_templates")
def answer_describe_launch_templates(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    templates = self.ec2_backend.describe_launch_templates(
        self._get_param("LaunchTemplateNames", []),
        self._get_param("LaunchTemplateIds", []),
        self._filters_from_querystring(),
    )
    return ActionResult({"LaunchTemplates": [as_template(self, template) for template in templates]})

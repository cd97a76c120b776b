#!/usr/bin/python
"""Controller side: what is in the whole account, whoever made it."""

DOCUMENTATION = r"""
module: account_audit
short_description: What is in the whole account, and what it costs
description:
  - Asks every region that the account has enabled for instances, volumes, snapshots, images, addresses, key pairs,
    security groups and file systems, S3 for buckets and IAM for access keys. Changes nothing.
  - Fails when a question was not answered, with what was.
options:
  region: {description: The region that is asked which others there are., type: str, required: true}
  cloud: {description: What the cloud is called., type: str, required: true}
"""

EXAMPLES = r"""
- name: Look through the account
  account_audit:
    region: us-east-1
    cloud: aws
"""

RETURN = r"""
document: {description: All that was found., type: dict, returned: always}
csv: {description: The same as a table for a spreadsheet., type: str, returned: always}
say: {description: The same for a teacher., type: list, elements: str, returned: always}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from botocore.exceptions import BotoCoreError, ClientError

from classlab import clock
from classlab.audit import audit
from classlab.audit.telling import as_csv, lines, verdict
from classlab.cloud.regions import reason
from classlab.errors import ClasslabError


def main() -> None:
    module = AnsibleModule(
        {"region": {"type": "str", "required": True}, "cloud": {"type": "str", "required": True}},
        supports_check_mode=True,
    )
    asked = module.params
    try:
        found = audit(asked["region"], asked["cloud"], clock.now())
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json(msg=f"The account cannot be asked. {reason(error)}")
    result: dict[str, Any] = {
        "changed": False,
        "document": found.as_document(),
        "csv": as_csv(found),
        "say": lines(found),
    }
    if not_seen := verdict(found):
        module.fail_json(msg=not_seen, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()

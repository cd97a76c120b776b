"""Which IAM permissions a request needs, so that a run's log can be turned into a policy.

Nearly everywhere the permission is called as the action is; here are only the exceptions, after AWS's service
authorization reference.
"""

from typing import Any

# Services whose permissions do not start with the name that their requests are signed for.
PREFIXES = {
    "monitoring": "cloudwatch",
    "email": "ses",
    "tagging": "tag",
    "elasticloadbalancingv2": "elasticloadbalancing",
}

S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PostObject": "PutObject",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
# S3 asks for another permission when a request names one version of an object.
S3_VERSIONS = {
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}
# IAM's create actions that carry tags need the permission to tag that kind of thing as well.
IAM_TAGS = {
    "CreateInstanceProfile": "TagInstanceProfile",
    "CreatePolicy": "TagPolicy",
    "CreateRole": "TagRole",
    "CreateUser": "TagUser",
}


def permissions(service: str, action: str, parameters: dict[str, Any]) -> list[str]:
    """The permissions of one request: first the one of the action itself, then what its parameters add."""
    prefix = PREFIXES.get(service, service)
    if service == "s3":
        own = S3.get(action, action)
        if "VersionId" in parameters:
            own = S3_VERSIONS.get(own, own)
        return [f"s3:{own}", *_more_of_s3(action, parameters)]
    return [f"{prefix}:{action}", *_more(service, action, parameters)]


def _more_of_s3(action: str, parameters: dict[str, Any]) -> list[str]:
    more = []
    if "CopySource" in parameters:
        more.append("s3:GetObject")
    if action == "PutObject" and "Tagging" in parameters:
        more.append("s3:PutObjectTagging")
    if action == "PutObject" and "ACL" in parameters:
        more.append("s3:PutObjectAcl")
    return more


def _more(service: str, action: str, parameters: dict[str, Any]) -> list[str]:
    more = []
    if service == "ec2" and parameters.get("TagSpecifications"):
        more.append("ec2:CreateTags")
    hands_a_role_on = service == "ec2" and parameters.get("IamInstanceProfile")
    if hands_a_role_on or (service, action) == ("iam", "AddRoleToInstanceProfile"):
        more.append("iam:PassRole")
    if service == "iam" and parameters.get("Tags") and action in IAM_TAGS:
        more.append(f"iam:{IAM_TAGS[action]}")
    if (service, action) == ("ssm", "PutParameter") and parameters.get("Tags"):
        more.append("ssm:AddTagsToResource")
    return more

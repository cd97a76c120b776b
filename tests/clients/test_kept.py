"""What moto keeps in memory only, and a power cut must not take."""

from localcloud.testing import LocalCloud


def test_keys_and_endpoint_services_outlive_a_power_cut(cloud: LocalCloud) -> None:
    ec2, kms = cloud.client("ec2"), cloud.client("kms")
    made = ec2.create_volume(AvailabilityZone="us-east-1a", Size=3, Encrypted=True)
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    wanted = {"KeyId": key, "SigningAlgorithm": "ECDSA_SHA_256", "Message": b"hello"}
    signature = kms.sign(**wanted)["Signature"]
    services = [each["ServiceId"] for each in ec2.describe_vpc_endpoint_services()["ServiceDetails"]]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]  # stored after that question, like all that follows
    cloud.kill()
    cloud.start()
    [told] = ec2.describe_volumes(VolumeIds=[made["VolumeId"]])["Volumes"]
    assert (told["Encrypted"], told["KmsKeyId"]) == (True, made["KmsKeyId"])
    assert kms.describe_key(KeyId=told["KmsKeyId"])["KeyMetadata"]["Enabled"]
    assert kms.verify(**wanted, Signature=signature)["SignatureValid"]
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert [each["ServiceId"] for each in ec2.describe_vpc_endpoint_services()["ServiceDetails"]] == services

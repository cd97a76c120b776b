"""What moto keeps in memory only, and a power cut must not take."""

from localcloud.testing import LocalCloud


def test_an_encrypted_volume_and_its_key_outlive_a_power_cut() -> None:
    with LocalCloud(hosts=False) as cloud:
        ec2 = cloud.client("ec2")
        made = ec2.create_volume(AvailabilityZone="us-east-1a", Size=3, Encrypted=True)
        key = cloud.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        wanted = {"KeyId": key, "SigningAlgorithm": "ECDSA_SHA_256", "Message": b"hello"}
        signature = cloud.client("kms").sign(**wanted)["Signature"]
        cloud.kill()
        cloud.start()
        [told] = cloud.client("ec2").describe_volumes(VolumeIds=[made["VolumeId"]])["Volumes"]
        assert (told["Encrypted"], told["KmsKeyId"]) == (True, made["KmsKeyId"])
        assert cloud.client("kms").describe_key(KeyId=told["KmsKeyId"])["KeyMetadata"]["Enabled"]
        assert cloud.client("kms").verify(**wanted, Signature=signature)["SignatureValid"]


def test_asking_for_endpoint_services_leaves_everything_storable() -> None:
    with LocalCloud(hosts=False) as cloud:
        ec2 = cloud.client("ec2")
        before = ec2.describe_vpc_endpoint_services()["ServiceDetails"]
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        cloud.kill()
        cloud.start()
        ec2 = cloud.client("ec2")
        assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
        after = ec2.describe_vpc_endpoint_services()["ServiceDetails"]
        assert [each["ServiceId"] for each in after] == [each["ServiceId"] for each in before]

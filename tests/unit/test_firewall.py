"""From security groups to packet filter. Whether the filter filters is tried on real hosts in tests/hosts."""

import subprocess
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.ec2.models import ec2_backends

from localcloud.hosts.firewall import Interface, Rule, View, members_of, rules_of, ruleset

EVERYWHERE = "0.0.0.0/0"
OUT = (Rule("-1", None, (EVERYWHERE,)),)


def chain(text: str, name: str) -> list[str]:
    """The lines of one chain."""
    lines = [line.strip() for line in text.splitlines()]
    start = lines.index(f"chain {name} {{") + 1
    return lines[start : lines.index("}", start)]


def ingress(*rules: Rule) -> list[str]:
    return chain(ruleset(View((Interface(("172.31.0.5",), rules, OUT),))), "ingress_0")


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (Rule("tcp", (22, 22), ("198.51.100.7/32",)), "ip saddr { 198.51.100.7/32 } tcp dport 22 accept"),
        (Rule("udp", (60000, 61000), (EVERYWHERE,)), "meta nfproto ipv4 udp dport 60000-61000 accept"),
        (Rule("tcp", (0, 65535), ("10.0.0.0/8",)), "ip saddr { 10.0.0.0/8 } meta l4proto tcp accept"),
        (Rule("6", (22, 22), ("::/0",)), "meta nfproto ipv6 tcp dport 22 accept"),
        (Rule("-1", None, ("10.0.0.0/8",)), "ip saddr { 10.0.0.0/8 } accept"),
        (Rule("icmp", (8, -1), ("10.0.0.0/8",)), "ip saddr { 10.0.0.0/8 } icmp type 8 accept"),
        (Rule("icmp", (3, 4), ("10.0.0.0/8",)), "ip saddr { 10.0.0.0/8 } icmp type 3 icmp code 4 accept"),
        (Rule("1", (-1, -1), ("10.0.0.0/8",)), "ip saddr { 10.0.0.0/8 } meta l4proto icmp accept"),
        (Rule("icmpv6", (128, 0), ("fd00::/8",)), "ip6 saddr { fd00::/8 } icmpv6 type 128 icmpv6 code 0 accept"),
        (Rule("58", None, ("fd00::/8",)), "ip6 saddr { fd00::/8 } meta l4proto ipv6-icmp accept"),
        (Rule("50", None, ("10.0.0.0/8",)), "ip saddr { 10.0.0.0/8 } meta l4proto 50 accept"),
    ],
)
def test_a_rule_lets_in_what_it_names(rule: Rule, line: str) -> None:
    assert ingress(rule) == [line]


@pytest.mark.parametrize(
    "rule",
    [
        Rule("tcp", (22, 22), ()),
        Rule("icmp", (8, 0), ("fd00::/8",)),
        Rule("icmpv6", (128, 0), (EVERYWHERE,)),
        Rule("tcp", (90, 80), (EVERYWHERE,)),
    ],
)
def test_a_rule_that_can_match_nothing_lets_nothing_in(rule: Rule) -> None:
    assert ingress(rule) == []


def test_addresses_of_the_same_ports_are_one_set_without_overlaps() -> None:
    lines = ingress(
        Rule("tcp", (22, 22), ("10.1.2.3/16", "10.0.0.0/8")),
        Rule("tcp", (22, 22), ("172.31.0.7", "192.0.2.0/25", "192.0.2.128/25")),
    )
    assert lines == ["ip saddr { 10.0.0.0/8, 172.31.0.7/32, 192.0.2.0/24 } tcp dport 22 accept"]


def test_without_rules_only_answers_pass() -> None:
    text = ruleset(View((Interface(("172.31.0.5",), (), ()),)))
    for hook in ("input", "output"):
        lines = chain(text, hook)
        assert lines[0].endswith("policy drop;")
        assert "ct state established,related accept" in lines
    assert chain(text, "ingress_0") == chain(text, "egress_0") == []


def test_metadata_and_name_servers_are_reached_whatever_the_groups_say() -> None:
    lines = chain(ruleset(View((Interface(("172.31.0.5",), (), ()),), ("192.0.2.53", "fd00::53"))), "output")
    assert "ip daddr 169.254.169.254 tcp dport 80 accept" in lines
    assert "ip daddr { 192.0.2.53 } meta l4proto { tcp, udp } th dport 53 accept" in lines
    assert "ip6 daddr { fd00::53 } meta l4proto { tcp, udp } th dport 53 accept" in lines


def test_egress_rules_speak_of_destinations() -> None:
    text = ruleset(View((Interface(("172.31.0.5",), (), (Rule("tcp", (443, 443), ("192.0.2.0/24",)),)),)))
    assert chain(text, "egress_0") == ["ip daddr { 192.0.2.0/24 } tcp dport 443 accept"]


def test_each_interface_has_the_rules_of_its_own_groups() -> None:
    text = ruleset(View((Interface(("172.31.0.5", "10.213.8.1"), (), OUT), Interface(("172.31.0.6",), OUT, ()))))
    assert "ip daddr { 172.31.0.5, 10.213.8.1 } jump ingress_0" in chain(text, "input")
    assert "ip daddr { 172.31.0.6 } jump ingress_1" in chain(text, "input")
    assert "ip saddr { 172.31.0.6 } jump egress_1" in chain(text, "output")


def test_nft_understands_every_kind_of_rule() -> None:
    sources = (EVERYWHERE, "::/0", "10.0.0.0/8", "fd00::/8")
    protocols = ("tcp", "udp", "icmp", "icmpv6", "-1", "50")
    rules = tuple(Rule(protocol, ports, sources) for protocol in protocols for ports in (None, (3, 4), (-1, -1)))
    rules += tuple(Rule(protocol, (8, 8), ("192.0.2.1/32",)) for protocol in protocols)
    text = ruleset(View((Interface(("172.31.0.5",), rules, rules),) * 2, ("192.0.2.53", "fd00::53")))
    # In a namespace of its own, so that the test needs no rights on this machine's network and leaves nothing there.
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "nft", "-f", "-"], input=text, capture_output=True, text=True
    )
    if "unshare" in done.stderr:
        pytest.skip(f"this machine does not let us make a network namespace: {done.stderr}")
    assert (done.returncode, done.stderr) == (0, "")


# From moto's books.


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("ec2", region_name="us-east-1")


def launch(aws: Any, *group_ids: str) -> Any:
    image = aws.describe_images()["Images"][0]["ImageId"]
    made = aws.run_instances(ImageId=image, MinCount=1, MaxCount=1, SecurityGroupIds=list(group_ids))["Instances"][0]
    return ec2_backends["123456789012"]["us-east-1"].get_instance(made["InstanceId"])


def group(aws: Any, name: str, *permissions: dict[str, Any]) -> str:
    vpc = aws.describe_vpcs()["Vpcs"][0]["VpcId"]
    made: str = aws.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    if permissions:
        aws.authorize_security_group_ingress(GroupId=made, IpPermissions=list(permissions))
    return made


def test_a_group_as_source_means_its_members_private_addresses(aws: Any) -> None:
    friends = group(aws, "friends")
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": friends}]}
    server = launch(aws, group(aws, "server", ssh))
    assert chain(rules_of(server), "ingress_0") == []
    friend = launch(aws, friends)
    assert chain(rules_of(server), "ingress_0") == [f"ip saddr {{ {friend.private_ip}/32 }} tcp dport 22 accept"]
    assert friend.private_ip in members_of(friend.ec2_backend)[friends]


def test_rules_of_all_groups_count_and_a_revoked_one_is_gone(aws: Any) -> None:
    web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    ping = {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": EVERYWHERE}]}
    first = group(aws, "first", web)
    host = launch(aws, first, group(aws, "second", ping))
    both = ["ip saddr { 192.0.2.0/24 } tcp dport 80 accept", "meta nfproto ipv4 icmp type 8 accept"]
    assert sorted(chain(rules_of(host), "ingress_0")) == sorted(both)
    aws.revoke_security_group_ingress(GroupId=first, IpPermissions=[web])
    assert chain(rules_of(host), "ingress_0") == both[1:]


def test_a_new_group_lets_everything_out_until_that_is_revoked(aws: Any) -> None:
    made = group(aws, "made")
    host = launch(aws, made)
    assert chain(rules_of(host), "egress_0") == ["meta nfproto ipv4 accept"]
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]}
    aws.revoke_security_group_egress(GroupId=made, IpPermissions=[everything])
    assert chain(rules_of(host), "egress_0") == []


def test_a_prefix_list_means_its_newest_entries(aws: Any) -> None:
    listed = aws.create_managed_prefix_list(
        PrefixListName="ours", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "192.0.2.0/24"}]
    )["PrefixList"]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    rule |= {"PrefixListIds": [{"PrefixListId": listed["PrefixListId"]}]}
    host = launch(aws, group(aws, "listed", rule))
    assert "192.0.2.0/24" in rules_of(host)
    aws.modify_managed_prefix_list(
        PrefixListId=listed["PrefixListId"],
        CurrentVersion=1,
        AddEntries=[{"Cidr": "198.51.100.0/24"}],
        RemoveEntries=[{"Cidr": "192.0.2.0/24"}],
    )
    assert chain(rules_of(host), "ingress_0") == ["ip saddr { 198.51.100.0/24 } tcp dport 22 accept"]

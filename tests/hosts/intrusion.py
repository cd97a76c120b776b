"""What root in a host may try against its packet filter, without any program of Ubuntu's archive."""

# Talks to the kernel's packet filter as nft does: asks for the tables, then deletes localcloud's.
NETLINK = """
import os, socket, struct
def ask(kind, flags, body=b""):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as wire:
        wire.settimeout(2)
        def message(kind, flags, body, number):
            return struct.pack("=IHHII", 16 + len(body), kind, flags, number, 0) + body
        head = struct.pack("!BBH", 0, 0, 10)
        batch = [message(16, 1, head, 1), message(kind, flags, body, 2), message(17, 1, head, 3)]
        wire.send(b"".join(batch) if kind != 2561 else message(kind, flags, body, 1))
        answer = wire.recv(65536)
        return -struct.unpack("=i", answer[16:20])[0] if struct.unpack("=H", answer[4:6])[0] == 2 else 0
name = b"localcloud\\0"
attribute = struct.pack("=HH", 4 + len(name), 1) + name + b"\\0" * (-len(name) % 4)
family = struct.pack("!BBH", 1, 0, 0)
print("list:", os.strerror(ask(2561, 0x301, family)))
print("delete:", os.strerror(ask(2562, 5, family + attribute)))
"""

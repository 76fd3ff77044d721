#!/usr/bin/env python3
"""Makes damaged and lying app packages out of a good one (abi/package.h), for hostile.sh.

forge.py flip GOOD FOLDER              one byte changed: all of header, tables, manifest and
                                       signature, a sample of the rest
forge.py cut GOOD FOLDER               cut short at many lengths
forge.py extend GOOD FOLDER            with more behind
forge.py contradict GOOD KEY FOLDER    contents that contradict themselves, properly signed
forge.py resign GOOD KEY FILE          signed by KEY, but still naming the first signer
"""
import os
import struct
import subprocess
import sys
import tempfile

SIGNATURE = 384
# struct package_header: format string and names of its fields
HEADER = "<QIIIIII16s32sIIIIQQ"
FIELDS = ["magic", "format", "algorithm", "total_size", "signature_size", "sdk_abi", "flags",
          "uuid", "signer", "version", "manifest_offset", "manifest_size", "num_images",
          "reserved0", "reserved1"]
HEADER_SIZE = struct.calcsize(HEADER)
IMAGE = "<IIII"


def put(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".ta"), "wb") as out:
        out.write(data)


def sign(body, key):
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "body")
        with open(data, "wb") as out:
            out.write(body)
        return subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", key, "-sigopt", "rsa_padding_mode:pss",
             "-sigopt", "rsa_pss_saltlen:32", data], check=True, capture_output=True).stdout


class Package:
    def __init__(self, data):
        self.header = dict(zip(FIELDS, struct.unpack_from(HEADER, data)))
        at = self.header["manifest_offset"]
        self.manifest = data[at:at + self.header["manifest_size"]]
        arch, offset, size, zero = struct.unpack_from(IMAGE, data, HEADER_SIZE)
        self.image = data[offset:offset + size]
        self.images = [[arch, offset, size, zero]]

    def lay_out(self):
        """The body with everything where it says it is, as far as that is possible."""
        table = b"".join(struct.pack(IMAGE, *i) for i in self.images)
        head = struct.pack(HEADER, *[self.header[f] for f in FIELDS]) + table
        at = self.images[0][1] if self.images else HEADER_SIZE
        body = head + self.manifest
        gap = max(0, at - len(body))
        return body + bytes(gap if gap < 4096 else 0) + self.image

    def place(self):
        """Offsets and sizes that fit after a change of the manifest or the number of images."""
        self.header["num_images"] = len(self.images)
        self.header["manifest_offset"] = HEADER_SIZE + 16 * len(self.images)
        self.header["manifest_size"] = len(self.manifest)
        end = self.header["manifest_offset"] + len(self.manifest)
        for image in self.images[:1]:
            image[1] = (end + 15) // 16 * 16
            image[2] = len(self.image)
        self.size()

    def size(self):
        self.header["total_size"] = len(self.lay_out()) + SIGNATURE


def entries(pairs):
    return b"".join(struct.pack("<HH", len(k), len(v)) + k + v for k, v in pairs)


def flip(good, folder):
    front = struct.unpack_from("<II", good, 84)
    end = max(sum(front), HEADER_SIZE + 16) + 64
    for at in range(len(good)):
        if at < end or at >= len(good) - SIGNATURE or at % 41 == 0:
            bit = 1 << (at % 8)
            put(folder, "%06d" % at, good[:at] + bytes([good[at] ^ bit]) + good[at + 1:])


def cut(good, folder):
    lengths = set(range(0, 600)) | set(range(0, len(good), 97))
    lengths |= set(range(len(good) - 600, len(good)))
    for length in sorted(lengths):
        put(folder, "%06d" % length, good[:length])


def extend(good, folder):
    for extra in (1, 2, 16, 384, 4096, 100000):
        put(folder, "zeros%d" % extra, good + bytes(extra))
        put(folder, "front%d" % extra, bytes(extra) + good)
    put(folder, "twice", good + good)


def lies_about_fields(good):
    """One field of the header or of the image table set to each of these."""
    values = (0, 1, 2, 3, 5, 7, 16, 111, 112, 127, 255, 65535, 65536, 0x7fffffff, 0x80000000,
              0xffffffff)
    for field in ("format", "algorithm", "signature_size", "sdk_abi", "flags", "version",
                  "manifest_offset", "manifest_size", "num_images", "total_size"):
        for value in values:
            package = Package(good)
            if package.header[field] == value:
                continue
            package.header[field] = value
            yield "%s-%x" % (field, value), package
    for field in ("reserved0", "reserved1"):
        package = Package(good)
        package.header[field] = 1
        yield field, package
    for index, field in enumerate(("arch", "offset", "size", "reserved")):
        for value in values:
            package = Package(good)
            # Another architecture's number is no lie by itself; the image then does not fit it, or is
            # for a processor that nobody knows yet.
            if package.images[0][index] == value or (field == "arch" and value != 2):
                continue
            package.images[0][index] = value
            yield "image-%s-%x" % (field, value), package


def lies_about_manifests(good):
    uuid = b"12345678-1234-4234-8234-123456789abc"
    manifests = {
        "empty": b"",
        "no-id": entries([(b"a", b"b")]),
        "other-id": entries([(b"gpd.ta.appID", uuid[:-1] + b"0"), (b"gpd.ta.version", b"1.2.3")]),
        "other-version": entries([(b"gpd.ta.appID", uuid), (b"gpd.ta.version", b"1.2.4")]),
        "unsorted": entries([(b"gpd.ta.version", b"1.2.3"), (b"gpd.ta.appID", uuid)]),
        "twice": entries([(b"gpd.ta.appID", uuid), (b"gpd.ta.appID", uuid),
                          (b"gpd.ta.version", b"1.2.3")]),
        "unknown": entries([(b"gpd.ta.appID", uuid), (b"gpd.ta.version", b"1.2.3"),
                            (b"postern.rights", b"all")]),
        "nul": entries([(b"a\0b", b"c"), (b"gpd.ta.appID", uuid), (b"gpd.ta.version", b"1.2.3")]),
        "nameless": entries([(b"", b"c"), (b"gpd.ta.appID", uuid), (b"gpd.ta.version", b"1.2.3")]),
        "keep-alive": entries([(b"gpd.ta.appID", uuid), (b"gpd.ta.instanceKeepAlive", b"true"),
                               (b"gpd.ta.version", b"1.2.3")]),
        "multi-session": entries([(b"gpd.ta.appID", uuid), (b"gpd.ta.multiSession", b"true"),
                                  (b"gpd.ta.version", b"1.2.3")]),
        "development": entries([(b"gpd.ta.appID", uuid), (b"gpd.ta.version", b"1.2.3"),
                                (b"postern.development", b"true")]),
        "suffix": entries([(b"gpd.ta.appID", uuid), (b"gpd.ta.dataSize", b"64k"),
                           (b"gpd.ta.version", b"1.2.3")]),
        "long": entries([(b"a", b"x" * 2000), (b"gpd.ta.appID", uuid),
                         (b"gpd.ta.version", b"1.2.3")]),
        "large": entries([(b"a%05d" % i, b"x" * 1000) for i in range(20)] +
                         [(b"gpd.ta.appID", uuid), (b"gpd.ta.version", b"1.2.3")]),
        "ends-in-key": entries([(b"gpd.ta.appID", uuid)]) + b"\x05\x00\x05\x00gpd",
        "ends-in-length": entries([(b"gpd.ta.appID", uuid)]) + b"\x05\x00\x05",
        "far": struct.pack("<HH", 0xffff, 0xffff) + b"gpd",
    }
    for name, manifest in manifests.items():
        package = Package(good)
        package.manifest = manifest
        package.place()
        yield "manifest-" + name, package


def lies_about_images(good):
    def changed(at, form, value):
        image = bytearray(Package(good).image)
        struct.pack_into(form, image, at, value)
        return bytes(image)

    headers = struct.unpack_from("<Q", Package(good).image, 32)[0]
    images = {
        "no-elf": b"#!/bin/sh\n" * 10,
        "empty-elf": b"\x7fELF",
        "32-bit": changed(4, "B", 1),
        "big-endian": changed(5, "B", 2),
        "fixed": changed(16, "<H", 2),
        "relocatable": changed(16, "<H", 1),
        "arm": changed(18, "<H", 40),
        "aarch64": changed(18, "<H", 183),
        "entry-outside": changed(24, "<Q", 0x7fffffff),
        "entry-huge": changed(24, "<Q", 0xffffffffffffffff),
        "headers-outside": changed(32, "<Q", 1 << 40),
        "headers-wrap": changed(32, "<Q", 0xfffffffffffffff0),
        "headers-small": changed(54, "<H", 8),
        "headers-none": changed(56, "<H", 0),
        "headers-many": changed(56, "<H", 0xffff),
    }
    count = struct.unpack_from("<H", Package(good).image, 56)[0]
    for i in range(count):
        at = headers + 56 * i
        memory = struct.unpack_from("<Q", Package(good).image, at + 40)[0]
        if struct.unpack_from("<I", Package(good).image, at)[0] != 1 or memory == 0:
            continue
        images["load%d-offset" % i] = changed(at + 8, "<Q", 1 << 32)
        images["load%d-offset-wraps" % i] = changed(at + 8, "<Q", 0xfffffffffffff000)
        images["load%d-address" % i] = changed(at + 16, "<Q", 1 << 46)
        images["load%d-address-wraps" % i] = changed(at + 16, "<Q", 0xfffffffffffff000)
        images["load%d-file-size" % i] = changed(at + 32, "<Q", 1 << 40)
        images["load%d-memory-size" % i] = changed(at + 40, "<Q", 0xffffffffffffffff)
        images["load%d-writable-code" % i] = changed(at + 4, "<I", 7)
    for name, image in images.items():
        package = Package(good)
        package.image = image
        package.place()
        yield "elf-" + name, package
    package = Package(good)
    package.images.append(list(package.images[0]))
    package.place()
    package.images[1] = list(package.images[0])
    yield "same-image-twice", package
    package = Package(good)
    package.images = []
    package.place()
    yield "no-image", package


def contradict(good, key, folder):
    for lies in (lies_about_fields, lies_about_manifests, lies_about_images):
        for name, package in lies(good):
            body = package.lay_out()
            if not name.startswith("total_size"):
                package.header["total_size"] = len(body) + SIGNATURE
                body = package.lay_out()
            put(folder, name, body + sign(body, key))


def main(arguments):
    what, name = arguments[:2]
    with open(name, "rb") as file:
        good = file.read()
    if what == "flip":
        flip(good, arguments[2])
    elif what == "cut":
        cut(good, arguments[2])
    elif what == "extend":
        extend(good, arguments[2])
    elif what == "contradict":
        contradict(good, arguments[2], arguments[3])
    elif what == "resign":
        body = good[:-SIGNATURE]
        with open(arguments[3], "wb") as out:
            out.write(body + sign(body, arguments[2]))
    else:
        sys.exit(__doc__)


main(sys.argv[1:])

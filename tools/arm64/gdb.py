# gdb on the TrustZone machine, sourced by `postern run --arm64 --gdb`. One command:
#
#   postern-machine SOCKET monitor|kernel
#   postern-machine SOCKET app UUID ELF-FILE
#
# It connects to the machine, which stands at its reset vector, and stops at the start of what was
# named, with the symbols of everything that has its place by then. The kernel and each app instance lie
# at random addresses; both are asked of the machine itself: the kernel's where it has just chosen one,
# an app's where the kernel enters it for the first time.
import os

import gdb

HERE = os.path.dirname(os.path.abspath(__file__))
# monitor/machine.h: where the monitor puts the kernel.
KERNEL_PHYSICAL = 0x0E100000


def run_to(address):
    """Lets the machine run to an address, of whatever processor and space."""
    gdb.execute("thbreak *%#x" % address, to_string=True)
    gdb.execute("continue", to_string=True)


def register(name):
    return int(gdb.selected_frame().read_register(name)) & 0xFFFFFFFFFFFFFFFF


def octets(array, size):
    """An array's, as the selected thread sees them: Inferior.read_memory asks any processor, which may be in
    the other world."""
    return bytes(int(array[i]) & 0xFF for i in range(size))


def add_symbols(file, base):
    """The symbols of a file that is linked for address 0 and lies at `base`."""
    gdb.execute('add-symbol-file "%s" -o %#x' % (file, base), to_string=True)
    return [o for o in gdb.objfiles() if os.path.realpath(o.filename) == os.path.realpath(file)][-1]


def address_of(objfile, name):
    return int(objfile.lookup_global_symbol(name).value().address)


def start_kernel():
    """Runs until the kernel has chosen its place. Answers its symbols there."""
    file = os.path.join(HERE, "kernel.elf")
    early = add_symbols(file, KERNEL_PHYSICAL)
    run_to(address_of(early, "boot_tables"))
    run_to(register("x30"))
    base = register("x0")
    gdb.execute("remove-symbol-file -a %#x" % KERNEL_PHYSICAL, to_string=True)
    objfile = add_symbols(file, base)
    print("postern: the kernel lies at %#x" % base)
    return objfile


def start_app(uuid, file):
    """Runs until the app's next instance is at its first instruction. user_run is what every way into an
    app goes through, and no compiler makes it part of something else; x0 is the app's registers, which
    its structure begins with."""
    wanted = bytes.fromhex(uuid.replace("-", ""))
    enter = int(gdb.parse_and_eval("(unsigned long)&user_run"))
    while True:
        run_to(enter)
        app = gdb.parse_and_eval("*(struct port_app *)%#x" % register("x0"))
        base = int(app["base"])
        entry = base + int(app["image"]["elf"]["entry"])
        found = octets(app["page"]["start"]["uuid"], 16)
        if found == wanted and int(app["frame"]["pc"]) == entry:
            break
    add_symbols(file, base)
    print("postern: the app %s lies at %#x" % (uuid, base))
    run_to(entry)


class Machine(gdb.Command):
    """Connects to the TrustZone machine and stops where its part begins."""

    def __init__(self):
        super().__init__("postern-machine", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        try:
            self.start(gdb.string_to_argv(argument))
        except gdb.error as error:
            raise gdb.GdbError("postern: the machine did not come so far: %s" % error)

    def start(self, words):
        for setting in ("pagination off", "confirm off", "breakpoint pending off"):
            gdb.execute("set " + setting)
        gdb.execute('file "%s"' % os.path.join(HERE, "monitor.elf"), to_string=True)
        gdb.execute("target remote " + words[0], to_string=True)
        if words[1] != "monitor":
            kernel = start_kernel()
            if words[1] == "kernel":
                run_to(address_of(kernel, "boot_main"))
            else:
                start_app(words[2], words[3])
        print("postern: stopped at the start of the " + words[1])
        gdb.execute("set confirm on")
        gdb.execute("frame")


Machine()

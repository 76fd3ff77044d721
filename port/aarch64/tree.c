/*
 * The device tree that firmware hands over: read for what the kernel has to know (the normal world's
 * memory, the interrupt controller, a secure serial port, secure memory), and completed by what
 * Linux has to know (the OP-TEE node, what is not Linux's to touch).
 *
 * The tree is the firmware's, from before the normal world ran, and so trusted.
 */
#include <libfdt.h>

#include <port/aarch64/machine.h>

#define TREE_ROOM 0x1000 /* bytes that our additions may need */

struct tree_facts tree_facts;

extern uintptr_t __stack_chk_guard;
extern void __stack_chk_fail(void);
/* libfdt was compiled with the stack protector. It runs at the start only, over the firmware's tree: 0
 * will do. */
uintptr_t __stack_chk_guard;

void __stack_chk_fail(void)
{
    port_panic("a stack was overwritten");
}

/* Entry `index` of a `reg` property; false when there is none. */
static bool reg_read(const void *fdt, int node, unsigned index, uint64_t *base, uint64_t *size)
{
    int parent = fdt_parent_offset(fdt, node);
    int address_cells = fdt_address_cells(fdt, parent);
    int size_cells = fdt_size_cells(fdt, parent);
    int length;
    const fdt32_t *cell = fdt_getprop(fdt, node, "reg", &length);

    if (cell == NULL || address_cells < 1 || address_cells > 2 || size_cells < 1 ||
        size_cells > 2) {
        return false;
    }
    unsigned cells = (unsigned)(address_cells + size_cells);
    if ((index + 1) * cells * sizeof(*cell) > (unsigned)length) {
        return false;
    }
    cell += index * cells;
    *base = 0;
    *size = 0;
    for (int i = 0; i < address_cells; i++) {
        *base = *base << 32 | fdt32_to_cpu(*cell++);
    }
    for (int i = 0; i < size_cells; i++) {
        *size = *size << 32 | fdt32_to_cpu(*cell++);
    }
    return true;
}

static bool property_is(const void *fdt, int node, const char *name, const char *value)
{
    const char *text = fdt_getprop(fdt, node, name, NULL);
    return text != NULL && strcmp(text, value) == 0;
}

static void memory_read(const void *fdt)
{
    int node = -1;
    while ((node = fdt_node_offset_by_prop_value(fdt, node, "device_type", "memory", 7)) >= 0) {
        uint64_t base;
        uint64_t size;
        bool secure = property_is(fdt, node, "secure-status", "okay") &&
                      property_is(fdt, node, "status", "disabled");
        for (unsigned i = 0; reg_read(fdt, node, i, &base, &size); i++) {
            if (!secure) {
                normal_add(physical(base), size);
            } else if (i == 0) {
                tree_facts.secure_base = base;
                tree_facts.secure_size = size;
            }
        }
    }
    /* Some trees name all memory first, and what is reserved in it elsewhere. */
    normal_remove(physical(tree_facts.secure_base), tree_facts.secure_size);
}

static bool gic_read(const void *fdt, const char *compatible, uint32_t version)
{
    int node = fdt_node_offset_by_compatible(fdt, -1, compatible);
    uint64_t size;

    if (node < 0 || !reg_read(fdt, node, 0, &tree_facts.distributor, &size)) {
        return false;
    }
    uint64_t *second = version == 2 ? &tree_facts.cpu_interface : &tree_facts.redistributor;
    if (!reg_read(fdt, node, 1, second, &size)) {
        return false;
    }
    tree_facts.gic_version = version;
    tree_facts.redistributor_size = size;
    return true;
}

void tree_read(const void *fdt)
{
    if (fdt_check_header(fdt) != 0) {
        return;
    }
    memory_read(fdt);
    if (!gic_read(fdt, "arm,gic-v3", 3) && !gic_read(fdt, "arm,cortex-a15-gic", 2)) {
        (void)gic_read(fdt, "arm,gic-400", 2);
    }
    int node = -1;
    while ((node = fdt_node_offset_by_compatible(fdt, node, "arm,pl011")) >= 0) {
        uint64_t size;
        if (property_is(fdt, node, "secure-status", "okay") &&
            property_is(fdt, node, "status", "disabled")) {
            (void)reg_read(fdt, node, 0, &tree_facts.console, &size);
        }
    }
}

/* --- Completing it. ------------------------------------------------------------------------------- */

static int subnode(void *fdt, int parent, const char *name)
{
    int node = fdt_subnode_offset(fdt, parent, name);
    return node >= 0 ? node : fdt_add_subnode(fdt, parent, name);
}

static int optee_add(void *fdt)
{
    int firmware = subnode(fdt, 0, "firmware");
    if (firmware < 0) {
        return firmware;
    }
    int node = subnode(fdt, firmware, "optee");
    if (node < 0) {
        return node;
    }
    fdt32_t interrupt[3] = {cpu_to_fdt32(0), cpu_to_fdt32(INTERRUPT_NOTIFY - 32),
                            cpu_to_fdt32(1) /* rising edge */};
    int error = fdt_setprop_string(fdt, node, "compatible", "linaro,optee-tz");
    if (error == 0) {
        error = fdt_setprop_string(fdt, node, "method", "smc");
    }
    if (error == 0) {
        error = fdt_setprop(fdt, node, "interrupts", interrupt, sizeof(interrupt));
    }
    return error;
}

static int reserved_add(void *fdt)
{
    int root_cells[2] = {fdt_address_cells(fdt, 0), fdt_size_cells(fdt, 0)};
    int parent = fdt_path_offset(fdt, "/reserved-memory");
    if (parent < 0) {
        parent = fdt_add_subnode(fdt, 0, "reserved-memory");
        if (parent < 0) {
            return parent;
        }
        int error = fdt_setprop_u32(fdt, parent, "#address-cells", (uint32_t)root_cells[0]);
        if (error == 0) {
            error = fdt_setprop_u32(fdt, parent, "#size-cells", (uint32_t)root_cells[1]);
        }
        if (error == 0) {
            error = fdt_setprop(fdt, parent, "ranges", NULL, 0);
        }
        if (error != 0) {
            return error;
        }
    }
    int node = subnode(fdt, parent, "postern");
    if (node < 0) {
        return node;
    }
    int error = fdt_appendprop_addrrange(fdt, 0, node, "reg", tree_facts.secure_base,
                                         tree_facts.secure_size);
    return error != 0 ? error : fdt_setprop(fdt, node, "no-map", NULL, 0);
}

void tree_complete(void *fdt)
{
    int error = fdt_open_into(fdt, fdt, (int)fdt_totalsize(fdt) + TREE_ROOM);
    if (error == 0) {
        error = optee_add(fdt);
    }
    if (error == 0 && tree_facts.secure_size != 0) {
        error = reserved_add(fdt);
    }
    if (error == 0) {
        error = fdt_pack(fdt);
    }
    if (error != 0) {
        port_log(SYS_LOG_ERROR, "the device tree has no room: Linux will not find us", 51);
    }
}

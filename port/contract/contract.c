#include <abi/package.h>
#include <port/contract/contract.h>

struct contract {
    void (*report)(const char *promise, bool kept);
    unsigned broken;
};

static void promise(struct contract *contract, const char *what, bool kept)
{
    contract->report(what, kept);
    contract->broken += !kept;
}

static bool all_are(const uint8_t *octets, size_t size, uint8_t value)
{
    for (size_t i = 0; i < size; i++)
        if (octets[i] != value)
            return false;
    return true;
}

static void memory(struct contract *contract)
{
    static const size_t sizes[] = {1, 15, 16, 17, 4095, 4096, 4097, 65536};
    bool zeroed = true;
    bool aligned = true;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        uint8_t *piece = port_alloc(sizes[i]);
        if (piece == NULL) {
            zeroed = false;
            continue;
        }
        aligned = aligned && (uintptr_t)piece % 16 == 0;
        zeroed = zeroed && all_are(piece, sizes[i], 0);
        for (size_t j = 0; j < sizes[i]; j++)
            piece[j] = 0xa5;
        port_free(piece);
        /* The next one of this size may be the same piece: wiped. */
        piece = port_alloc(sizes[i]);
        zeroed = zeroed && piece != NULL && all_are(piece, sizes[i], 0);
        port_free(piece);
    }
    promise(contract, "port_alloc's memory is zeroed, also after use", zeroed);
    promise(contract, "port_alloc's memory is aligned to 16", aligned);
    port_free(NULL);
    promise(contract, "port_free(NULL) is harmless", true);
}

static void lock(struct contract *contract)
{
    struct port_waiter waiter;
    promise(contract, "nobody has the lock", !port_lock_is_mine());
    port_lock();
    promise(contract, "port_lock takes it", port_lock_is_mine());
    port_waiter_init(&waiter);
    port_wake(&waiter);
    port_wake(&waiter);
    port_block(&waiter);
    promise(contract, "a wake before the block counts, and the lock is back", port_lock_is_mine());
    port_unlock();
    promise(contract, "port_unlock releases it", !port_lock_is_mine());
}

static void clock_and_chance(struct contract *contract)
{
    uint8_t one[32] = {0};
    uint8_t two[32] = {0};
    uint64_t last = port_clock_ns();
    bool forward = true;
    for (int i = 0; i < 1000; i++) {
        uint64_t now = port_clock_ns();
        forward = forward && now >= last;
        last = now;
    }
    promise(contract, "the clock never goes back", forward);
    bool answered = port_random(one, sizeof(one)) == E_OK && port_random(two, sizeof(two)) == E_OK;
    bool differ = false;
    for (size_t i = 0; i < sizeof(one); i++)
        differ = differ || one[i] != two[i];
    promise(contract, "random octets differ", answered && differ);
    promise(contract, "no random octets are none", port_random(one, 0) == E_OK);
}

static void identity(struct contract *contract)
{
    uint8_t one[32];
    uint8_t two[32];
    size_t size = 0;
    bool same = true;
    port_device_key(one);
    port_device_key(two);
    for (size_t i = 0; i < sizeof(one); i++)
        same = same && one[i] == two[i];
    promise(contract, "the device key is one", same && !all_are(one, sizeof(one), 0));
    promise(contract, "there is a trust table", port_trust(&size) != NULL && size >= 16);
    promise(contract, "the architecture is one that packages name",
            port_arch() == PACKAGE_ARCH_X86_64 || port_arch() == PACKAGE_ARCH_AARCH64);
}

static void objects(struct contract *contract)
{
    static const uint64_t sizes[] = {1, 4096, 100000};
    bool whole = true;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct port_mem *mem = NULL;
        if (port_mem_create(sizes[i], &mem) != E_OK) {
            whole = false;
            continue;
        }
        whole = whole && port_mem_size(mem) >= sizes[i];
        port_mem_destroy(mem);
    }
    promise(contract, "a memory object has at least the size that was asked for", whole);
}

unsigned contract_run(void (*report)(const char *promise, bool kept))
{
    struct contract contract = {.report = report};
    memory(&contract);
    lock(&contract);
    clock_and_chance(&contract);
    identity(&contract);
    objects(&contract);
    return contract.broken;
}

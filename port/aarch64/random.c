/*
 * Random numbers: a generator (lib/crypto) that is started and refreshed from the processor's own
 * source (RNDR, ARMv8.5) where it has one.
 *
 * Where it has none, the jitter of the counter against the processor's work is all there is; in
 * QEMU and on boards without RNDR that is for development only, and the kernel says so at its
 * start. A board with another source replaces random_entropy.
 */
#include <lib/aarch64/register.h>
#include <lib/crypto/crypto.h>
#include <port/aarch64/machine.h>

#define ENTROPY_SIZE 48u

static struct spin random_lock;
static struct crypto_drbg drbg;
static uint64_t random_uses;

static bool rndr_exists(void)
{
    return (id_aa64isar0_el1_read() >> 60) != 0;
}

/* RNDRRS reseeds before each number. It may fail for a while. */
static bool rndr(uint64_t *value)
{
    for (unsigned tries = 0; tries < 100; tries++) {
        uint64_t flags;
        __asm__ volatile("mrs %0, s3_3_c2_c4_1\n\tmrs %1, nzcv"
                         : "=r"(*value), "=r"(flags)
                         :
                         : "cc");
        if ((flags & 0x40000000) == 0) { /* Z: no number */
            return true;
        }
    }
    return false;
}

/* splitmix64's last steps: every bit of the input reaches every bit. */
static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static uint64_t jitter(uint64_t state)
{
    for (unsigned i = 0; i < 64; i++) {
        barrier_isb();
        state = mix(state + cntpct_el0_read() + i);
        for (uint64_t spin = state & 0x1f; spin != 0; spin--) {
            __asm__ volatile("" : : : "memory");
        }
    }
    return state;
}

uint64_t random_early(void)
{
    uint64_t value;
    if (rndr_exists() && rndr(&value)) {
        return value;
    }
    return jitter(cntpct_el0_read());
}

static void random_entropy(uint8_t out[ENTROPY_SIZE])
{
    uint64_t state = 0;
    for (size_t i = 0; i < ENTROPY_SIZE; i += 8) {
        uint64_t value;
        if (!rndr_exists() || !rndr(&value)) {
            value = state = jitter(state);
        }
        memcpy(out + i, &value, 8);
    }
}

void random_start(void)
{
    uint8_t entropy[ENTROPY_SIZE];

    random_entropy(entropy);
    if (crypto_drbg_start(&drbg, entropy, sizeof(entropy), NULL, 0) != E_OK) {
        port_panic("the random generator does not start");
    }
    crypto_wipe(entropy, sizeof(entropy));
    if (!rndr_exists()) {
        static const char text[] =
            "no RNDR on this processor: random numbers are fit for development only";
        port_log(SYS_LOG_WARN, text, sizeof(text) - 1);
    }
}

enum error port_random(void *out, size_t size)
{
    if (size > CRYPTO_DRBG_REQUEST_MAX) {
        return E_INVALID;
    }
    uint64_t mask = spin_lock(&random_lock);
    if (++random_uses % 1024 == 0) {
        uint8_t entropy[ENTROPY_SIZE];
        random_entropy(entropy);
        (void)!crypto_drbg_reseed(&drbg, entropy, sizeof(entropy));
        crypto_wipe(entropy, sizeof(entropy));
    }
    enum error error = crypto_drbg_random(&drbg, out, size);
    spin_unlock(&random_lock, mask);
    return error;
}

uint64_t random_number(void)
{
    uint64_t value = 0;
    if (port_random(&value, sizeof(value)) != E_OK) {
        port_panic("no random numbers");
    }
    return value;
}

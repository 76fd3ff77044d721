/*
 * The processor's features, as OpenSSL asks for them: in the words of Linux on AArch64
 * (<asm/hwcap.h>), made of the identification register that the kernel hands to an app.
 *
 * Not told: SVE and its successors, whose registers the kernel does not keep for apps; the processor's
 * random numbers, since the kernel's are better looked after; CPUID, which means that an app could read
 * identification registers itself.
 */
#include <stdint.h>
#include <sys/auxv.h>

uint64_t library_features(void);

/* A feature is there when its field of ID_AA64ISAR0_EL1 (Arm ARM, D19) has at least this value. */
static const struct {
    uint8_t shift;
    uint8_t value;
    uint8_t bit; /* of AT_HWCAP */
} processor_features[] = {
    {4, 1, 3},   /* AES */
    {4, 2, 4},   /* PMULL */
    {8, 1, 5},   /* SHA1 */
    {12, 1, 6},  /* SHA256 */
    {12, 2, 21}, /* SHA512 */
    {32, 1, 17}, /* SHA3 */
    {36, 1, 18}, /* SM3 */
    {40, 1, 19}, /* SM4 */
};
#define PROCESSOR_VECTORS 3ul /* floating point and vectors: every processor that we run on */

unsigned long getauxval(unsigned long type)
{
    if (type != AT_HWCAP)
        return 0;
    unsigned long words = PROCESSOR_VECTORS;
    const uint64_t features = library_features();
    for (unsigned i = 0; i < sizeof(processor_features) / sizeof(processor_features[0]); i++) {
        if ((features >> processor_features[i].shift & 0xf) >= processor_features[i].value)
            words |= 1ul << processor_features[i].bit;
    }
    return words;
}

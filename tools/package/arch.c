#include <abi/package.h>
#include <stddef.h>
#include <string.h>
#include <tools/package/arch.h>

static const struct {
    uint32_t number;
    const char *name;
} archs[] = {
    {PACKAGE_ARCH_X86_64, "x86_64"},
    {PACKAGE_ARCH_AARCH64, "aarch64"},
};

const char *arch_name(uint32_t arch)
{
    for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
        if (archs[i].number == arch)
            return archs[i].name;
    return "unknown";
}

uint32_t arch_number(const char *name)
{
    for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
        if (strcmp(archs[i].name, name) == 0)
            return archs[i].number;
    return 0;
}

const char *arch_names(void)
{
    return "x86_64, aarch64";
}

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <tools/arm64/program.h>

static const char *machine_name(uint16_t machine)
{
    static const struct {
        uint16_t machine;
        const char *name;
    } names[] = {
        {EM_AARCH64, "an arm64"},    {EM_X86_64, "an x86-64"}, {EM_386, "an x86 (32-bit)"},
        {EM_ARM, "an Arm (32-bit)"}, {EM_RISCV, "a RISC-V"},   {EM_PPC64, "a PowerPC"},
        {EM_S390, "an S/390"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].machine == machine)
            return names[i].name;
    return "another machine's";
}

/* The loader that a program header names: cut to fit, what cannot be printed as '?'. */
static void copy_name(const uint8_t *bytes, size_t size, char detail[PROGRAM_DETAIL])
{
    size_t length = 0;
    for (; length < size && length + 1 < PROGRAM_DETAIL && bytes[length] != 0; length++)
        detail[length] = bytes[length] > ' ' && bytes[length] < 0x7f ? (char)bytes[length] : '?';
    detail[length] = '\0';
}

static enum program_kind look_for_loader(const uint8_t *bytes, size_t size, const Elf64_Ehdr *head,
                                         char detail[PROGRAM_DETAIL])
{
    Elf64_Phdr entry;
    if (head->e_phentsize != sizeof(entry) || head->e_phoff > size ||
        head->e_phnum > (size - head->e_phoff) / sizeof(entry))
        return PROGRAM_UNKNOWN;
    for (size_t i = 0; i < head->e_phnum; i++) {
        memcpy(&entry, bytes + head->e_phoff + i * sizeof(entry), sizeof(entry));
        if (entry.p_type != PT_INTERP)
            continue;
        if (entry.p_offset > size || entry.p_filesz > size - entry.p_offset)
            return PROGRAM_UNKNOWN;
        copy_name(bytes + entry.p_offset, entry.p_filesz, detail);
        return strcmp(detail, PROGRAM_LOADER) == 0 ? PROGRAM_DYNAMIC : PROGRAM_OTHER_LOADER;
    }
    return PROGRAM_STATIC;
}

_Static_assert(sizeof(Elf64_Ehdr) == PROGRAM_HEAD, "PROGRAM_HEAD");

const char *program_machine(const uint8_t *bytes, size_t size)
{
    Elf64_Ehdr head;
    if (size < sizeof(head) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
        return NULL;
    memcpy(&head, bytes, sizeof(head));
    return machine_name(head.e_machine);
}

enum program_kind program_look(const uint8_t *bytes, size_t size, char detail[PROGRAM_DETAIL])
{
    Elf64_Ehdr head;
    detail[0] = '\0';
    if (size >= 2 && bytes[0] == '#' && bytes[1] == '!')
        return PROGRAM_SCRIPT;
    if (size < sizeof(head) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
        return PROGRAM_UNKNOWN;
    memcpy(&head, bytes, sizeof(head));
    if (head.e_machine != EM_AARCH64 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
        head.e_ident[EI_DATA] != ELFDATA2LSB) {
        const char *name =
            head.e_machine != EM_AARCH64 ? machine_name(head.e_machine) : "another kind of arm64";
        (void)snprintf(detail, PROGRAM_DETAIL, "%s", name);
        return PROGRAM_OTHER_MACHINE;
    }
    if (head.e_type != ET_EXEC && head.e_type != ET_DYN)
        return PROGRAM_UNKNOWN;
    return look_for_loader(bytes, size, &head, detail);
}

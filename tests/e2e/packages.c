/*
 * Packages: any one octet changed, cut short, extended, signed by another key, for another
 * architecture or another SDK, contradicting itself, an ELF file that would map where it may not.
 * Each is refused with its code, the log says by name what was wrong, and nothing is started.
 */
#include "call.h"
#include "forge.h"
#include "tap.h"
#include "tee.h"

#include <elf.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* A small app without cryptography: the smaller, the more octets can be tried. */
#define PACKAGES_ELF "out/apps/obj/hello/hello.elf"

static const TEEC_UUID app = {
    0x444fbfd3, 0x0c95, 0x479c, {0x8f, 0x40, 0x02, 0xd0, 0x94, 0x6d, 0x2d, 0x8d}};
static struct tee here;
static TEEC_Context context;
static char package_path[TEE_PATH];
static uint8_t *good;
static size_t good_size;

static TEEC_Result packages_open(uint32_t *origin)
{
    TEEC_Session session;
    const TEEC_Result result = call_open(&context, &session, &app, origin);
    TEEC_CloseSession(&session);
    return result;
}

static bool packages_refused(TEEC_Result result, uint32_t origin)
{
    return (result == TEEC_ERROR_SECURITY || result == TEEC_ERROR_TRUSTED_APP_LOAD_ERROR) &&
           origin == TEEC_ORIGIN_TEE;
}

/* One octet changed. */
static void packages_octet(struct tap_group *group, size_t offset, uint8_t change, bool security)
{
    good[offset] ^= change;
    tee_file_write(package_path, good, good_size);
    good[offset] ^= change;
    uint32_t origin = 0;
    const TEEC_Result result = packages_open(&origin);
    tap_check(group,
              packages_refused(result, origin) && (!security || result == TEEC_ERROR_SECURITY),
              "octet %zu changed by 0x%02x: %s from %s", offset, change,
              postern_teec_strerror(result), postern_teec_origin_name(origin));
}

static void packages_octets(void)
{
    struct package_header header;
    memcpy(&header, good, sizeof(header));
    const size_t images = sizeof(header) + header.num_images * sizeof(struct package_image);
    const size_t signature = good_size - PACKAGE_SIGNATURE_SIZE;
    struct tap_group group = {0};
    for (size_t i = 0; i < images; i++) {
        packages_octet(&group, i, (uint8_t)(1u << (i % 8)), false);
    }
    tap_group_end(&group, "every octet of header and image table changed");
    group = (struct tap_group){0};
    for (size_t i = 0; i < header.manifest_size; i++) {
        packages_octet(&group, header.manifest_offset + i, (uint8_t)(1u << (i % 8)), true);
    }
    tap_group_end(&group, "every octet of the manifest changed: SECURITY");
    group = (struct tap_group){0};
    for (size_t i = signature; i < good_size; i++) {
        packages_octet(&group, i, (uint8_t)(1u << (i % 8)), true);
    }
    tap_group_end(&group, "every octet of the signature changed: SECURITY");
    group = (struct tap_group){0};
    const size_t elf = header.manifest_offset + header.manifest_size;
    const size_t step = (signature - elf) / 150 + 1;
    for (size_t i = elf; i < signature; i += step) {
        packages_octet(&group, i, (uint8_t)(1u << (i % 8)), true);
    }
    packages_octet(&group, signature - 1, 1, true);
    tap_group_end(&group, "octets all over the ELF file changed: SECURITY");
}

static void packages_lengths(void)
{
    struct tap_group group = {0};
    static const size_t lengths[] = {0, 1, 7, 8, 31, 32, 111, 112, 113, 127, 128, 129, 300, 4096};
    uint32_t origin = 0;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        tee_file_write(package_path, good, lengths[i]);
        TEEC_Result result = packages_open(&origin);
        tap_check(&group, result == TEEC_ERROR_TRUSTED_APP_LOAD_ERROR && origin == TEEC_ORIGIN_TEE,
                  "cut to %zu: %s from %u", lengths[i], postern_teec_strerror(result), origin);
        tee_file_write(package_path, good, good_size - 1 - lengths[i]);
        result = packages_open(&origin);
        tap_check(&group, packages_refused(result, origin), "cut by %zu: %s from %u",
                  1 + lengths[i], postern_teec_strerror(result), origin);
    }
    uint8_t *longer = calloc(1, good_size + 8192);
    memcpy(longer, good, good_size);
    for (size_t more = 1; more <= 8192; more *= 2) {
        tee_file_write(package_path, longer, good_size + more);
        const TEEC_Result result = packages_open(&origin);
        tap_check(&group, packages_refused(result, origin), "longer by %zu: %s from %u", more,
                  postern_teec_strerror(result), origin);
    }
    free(longer);
    tap_group_end(&group, "packages cut short and extended");

    struct tap_group odd = {0};
    tee_file_write(package_path, good, good_size);
    if (truncate(package_path, (off_t)PACKAGE_SIZE_MAX + 4096) != 0) {
        tee_bail("truncate: %s", strerror(errno));
    }
    TEEC_Result result = packages_open(&origin);
    tap_check(&odd, result == TEEC_ERROR_TRUSTED_APP_LOAD_ERROR && origin == TEEC_ORIGIN_TEE,
              "too large: %s from %u", postern_teec_strerror(result), origin);
    (void)unlink(package_path);
    result = packages_open(&origin);
    tap_check(&odd, result == TEEC_ERROR_SERVICE_NOT_EXIST && origin == TEEC_ORIGIN_TEE,
              "removed: %s from %u", postern_teec_strerror(result), origin);
    (void)mkdir(package_path, 0700);
    result = packages_open(&origin);
    tap_check(&odd, result != TEEC_SUCCESS && origin == TEEC_ORIGIN_TEE, "a folder: %s from %u",
              postern_teec_strerror(result), origin);
    (void)rmdir(package_path);
    (void)mkfifo(package_path, 0600);
    result = packages_open(&origin);
    tap_check(&odd, result != TEEC_SUCCESS && origin == TEEC_ORIGIN_TEE, "a pipe: %s from %u",
              postern_teec_strerror(result), origin);
    (void)unlink(package_path);
    tap_group_end(&odd, "a package that is too large, absent, a folder, a pipe");
}

/* Whether the log says so. Of many refusals in a short time only some are logged: then it is tried again. */
static bool packages_logged(size_t log, const char *text)
{
    const uint64_t end = tee_now_ms() + TEE_PATIENCE_MS;
    while (tee_log_count_after(&here, log, text) == 0) {
        uint32_t origin = 0;
        if (tee_now_ms() > end) {
            return false;
        }
        tee_sleep_ms(20);
        (void)packages_open(&origin);
    }
    return true;
}

/* A forged package against what must be answered and logged. */
static void packages_forged(struct tap_group *group, const struct forge *forge, int layout,
                            const char *name, const char *logged)
{
    const size_t log = tee_log_size(&here);
    forge_write(forge, TEE_KEY, package_path, layout);
    uint32_t origin = 0;
    const TEEC_Result result = packages_open(&origin);
    tap_check(group, packages_refused(result, origin), "%s: %s from %s", name,
              postern_teec_strerror(result), postern_teec_origin_name(origin));
    tap_check(group, packages_logged(log, logged), "%s: the log does not say \"%s\"", name, logged);
}

static void packages_manifests(void)
{
#define ID "gpd.ta.appID", "444fbfd3-0c95-479c-8f40-02d0946d2d8d"
#define VERSION "gpd.ta.version", "0.0.0"
    static const struct {
        const char *name;
        const char *pairs[12];
        const char *logged;
    } row[] = {
        {"no appID", {VERSION}, "444fbfd3"},
        {"another appID",
         {"gpd.ta.appID", "444fbfd3-0c95-479c-8f40-02d0946d2d8e", VERSION},
         "UUID"},
        {"an appID that is none", {"gpd.ta.appID", "hello", VERSION}, "gpd.ta.appID"},
        {"a key twice", {ID, ID, VERSION}, "gpd.ta.appID"},
        {"keys out of order", {VERSION, ID}, "gpd.ta.appID"},
        {"an unknown gpd key", {ID, "gpd.ta.unheard", "1", VERSION}, "gpd.ta.unheard"},
        {"an unknown postern key", {ID, VERSION, "postern.unheard", "1"}, "postern.unheard"},
        {"a truth that is none",
         {ID, "gpd.ta.singleInstance", "perhaps", VERSION},
         "gpd.ta.singleInstance"},
        {"a size that is none", {ID, "gpd.ta.dataSize", "-1", VERSION}, "gpd.ta.dataSize"},
        {"a size without end",
         {ID, "gpd.ta.dataSize", "99999999999999999999999", VERSION},
         "gpd.ta.dataSize"},
        {"a stack of nothing", {ID, "gpd.ta.stackSize", "0", VERSION}, "gpd.ta.stackSize"},
        {"another version than the header's", {ID, "gpd.ta.version", "7.8.9"}, "version"},
        {"development, but not in the header",
         {ID, VERSION, "postern.development", "true"},
         "development"},
    };
    struct tap_group group = {0};
    tee_file_write(package_path, good, good_size);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct forge forge = forge_read("out/tests/e2e/packages-base.ta");
        forge_manifest(&forge, row[i].pairs);
        packages_forged(&group, &forge, 1, row[i].name, row[i].logged);
        forge_free(&forge);
    }
    /* Lengths that leave the manifest. */
    for (int i = 0; i < 3; i++) {
        struct forge forge = forge_read("out/tests/e2e/packages-base.ta");
        if (i == 0) {
            forge.manifest_size -= 1;
        } else {
            forge.manifest[i - 1] = 0xff;
        }
        packages_forged(&group, &forge, 1, "lengths beyond the end", "manifest");
        forge_free(&forge);
    }
    tap_group_end(&group, "signed manifests that contradict themselves are refused by name");
}

static void packages_headers(void)
{
    static const struct {
        const char *name;
        const char *logged;
    } row[] = {
        {"another SDK's ABI", "ABI"},
        {"unknown flags", "flag"},
        {"reserved words", "reserved"},
        {"another architecture", "architecture"},
        {"no image", "image"},
        {"an image beyond the file", "image"},
        {"an image over the header", "image"},
        {"an image twice", "overlap"},
        {"a manifest beyond the file", "manifest"},
        {"an image's reserved word", "reserved"},
        {"the manifest over the image", "overlap"},
        {"another UUID", "another app"},
    };
    struct tap_group group = {0};
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct forge forge = forge_read("out/tests/e2e/packages-base.ta");
        int layout = 0;
        switch (i) {
        case 0:
            forge.header.sdk_abi += 1;
            break;
        case 1:
            forge.header.flags = 0x80000000;
            break;
        case 2:
            forge.header.reserved[1] = 1;
            break;
        case 3:
            forge.image[0].arch = forge.image[0].arch == PACKAGE_ARCH_AARCH64
                                      ? PACKAGE_ARCH_X86_64
                                      : PACKAGE_ARCH_AARCH64;
            break;
        case 4:
            forge.header.num_images = 0;
            layout = 1;
            break;
        case 5:
            forge.image[0].size += 100000;
            break;
        case 6:
            forge.image[0].offset = 0;
            break;
        case 7:
            forge.header.num_images = 2;
            forge.image[1] = forge.image[0];
            layout = 1;
            break;
        case 8:
            forge.header.manifest_offset = UINT32_MAX - 10;
            break;
        case 9:
            forge.image[0].reserved = 1;
            break;
        case 10:
            forge.header.manifest_offset = forge.image[0].offset;
            break;
        default:
            forge.header.uuid[15] ^= 1;
            break;
        }
        packages_forged(&group, &forge, layout, row[i].name, row[i].logged);
        forge_free(&forge);
    }
    tap_group_end(&group, "signed headers that make no sense are refused by name");
}

/* The first loadable segment whose flags have all of `flags`. */
static Elf64_Phdr *packages_segment(struct forge *forge, uint32_t type, uint32_t flags)
{
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)forge->elf;
    Elf64_Phdr *segment = (Elf64_Phdr *)(forge->elf + head->e_phoff);
    for (int i = 0; i < head->e_phnum; i++) {
        if (segment[i].p_type == type && (segment[i].p_flags & flags) == flags) {
            return &segment[i];
        }
    }
    tee_bail("the ELF file has no such segment");
}

static void packages_elves(void)
{
    static const char *const row[] = {
        "not an ELF file",
        "a 32-bit ELF file",
        "for another machine",
        "not position-independent",
        "a segment above user space",
        "a segment that wraps around",
        "a segment of absurd size",
        "a segment beyond the file",
        "a segment larger in the file than in memory",
        "a segment both writable and executable",
        "program headers beyond the file",
        "thousands of program headers",
        "an interpreter",
        "an entry point outside",
        "segments over each other",
        "cut in the middle of its data",
    };
    struct tap_group group = {0};
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct forge forge = forge_read("out/tests/e2e/packages-base.ta");
        Elf64_Ehdr *head = (Elf64_Ehdr *)forge.elf;
        Elf64_Phdr *code = packages_segment(&forge, PT_LOAD, PF_X);
        Elf64_Phdr *data = packages_segment(&forge, PT_LOAD, PF_W);
        switch (i) {
        case 0:
            head->e_ident[0] = 'M';
            break;
        case 1:
            head->e_ident[EI_CLASS] = ELFCLASS32;
            break;
        case 2:
            head->e_machine = head->e_machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
            break;
        case 3:
            head->e_type = ET_EXEC;
            break;
        case 4:
            data->p_vaddr = UINT64_C(0xffff800000000000);
            break;
        case 5:
            data->p_vaddr = UINT64_MAX - 4095;
            break;
        case 6:
            data->p_memsz = UINT64_C(1) << 60;
            break;
        case 7:
            data->p_offset = UINT64_C(1) << 40;
            break;
        case 8:
            data->p_filesz = data->p_memsz + 4096;
            break;
        case 9:
            code->p_flags |= PF_W;
            break;
        case 10:
            head->e_phoff = forge.elf_size - 8;
            break;
        case 11:
            head->e_phnum = 0xfffe;
            break;
        case 12:
            packages_segment(&forge, PT_NOTE, 0)->p_type = PT_INTERP;
            break;
        case 13:
            head->e_entry = UINT64_C(0x7fffffff0000);
            break;
        case 14:
            data->p_vaddr = code->p_vaddr;
            break;
        default:
            forge.elf_size = data->p_offset + data->p_filesz / 2;
            break;
        }
        packages_forged(&group, &forge, 1, row[i], "444fbfd3");
        forge_free(&forge);
    }
    tap_group_end(&group, "ELF files that would map outside their space, or are none");
}

static void packages_keys(void)
{
    struct tap_group group = {0};
    uint32_t origin = 0;
    tee_sign_as(PACKAGES_ELF, &app, "", TEE_KEY_OTHER, package_path);
    TEEC_Result result = packages_open(&origin);
    tap_check(&group, result == TEEC_ERROR_SECURITY && origin == TEEC_ORIGIN_TEE,
              "another key: %s from %u", postern_teec_strerror(result), origin);
    /* It claims the trusted signer's name, but is signed by the other key. */
    struct forge forge = forge_read("out/tests/e2e/packages-base.ta");
    forge_write(&forge, TEE_KEY_OTHER, package_path, 1);
    result = packages_open(&origin);
    tap_check(&group, result == TEEC_ERROR_SECURITY && origin == TEEC_ORIGIN_TEE,
              "another key under the trusted one's name: %s from %u", postern_teec_strerror(result),
              origin);
    /* An algorithm of another name. */
    forge.header.algorithm = 2;
    forge_write(&forge, TEE_KEY, package_path, 1);
    result = packages_open(&origin);
    tap_check(&group, packages_refused(result, origin), "another algorithm: %s from %u",
              postern_teec_strerror(result), origin);
    forge_free(&forge);
    /* The package of another app under this one's name. */
    const TEEC_UUID another = tee_uuid_plus(app, 1);
    tee_sign_as(PACKAGES_ELF, &another, "", TEE_KEY, package_path);
    result = packages_open(&origin);
    tap_check(&group, packages_refused(result, origin), "another app's package: %s from %u",
              postern_teec_strerror(result), origin);
    tap_group_end(&group, "signatures of other keys, algorithms and apps");
}

int main(void)
{
    tee_create(&here);
    tee_package_path(&here, &app, package_path);
    tee_start(&here);
    call_context(&context);
    tee_sign(&here, PACKAGES_ELF, &app, "gpd.ta.version: 0.0.0");
    good = tee_file_read(package_path, &good_size);
    tee_file_write("out/tests/e2e/packages-base.ta", good, good_size);
    /* What a first call makes (lanes, threads) is no leak: another app is opened before. */
    const TEEC_UUID warm = tee_uuid_plus(app, 3);
    tee_sign(&here, PACKAGES_ELF, &warm, "");
    TEEC_Session warm_session;
    (void)call_open(&context, &warm_session, &warm, NULL);
    TEEC_CloseSession(&warm_session);
    const struct tee_count before = tee_count(&here);
    packages_octets();
    packages_lengths();
    packages_keys();
    packages_manifests();
    packages_headers();
    packages_elves();
    const struct tee_count after = tee_count_settle(&here, &before, 0);
    tap_ok(after.processes <= before.processes && after.descriptors <= before.descriptors &&
               after.mappings <= before.mappings,
           "nothing was started, nothing is left (processes %u to %u, descriptors %u to %u, "
           "mappings %u "
           "to %u)",
           before.processes, after.processes, before.descriptors, after.descriptors,
           before.mappings, after.mappings);
    tee_file_write(package_path, good, good_size);
    uint32_t origin = 0;
    TEEC_Result result = packages_open(&origin);
    tap_result(result, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP,
               "the good package is still accepted");
    struct forge forge = forge_read(package_path);
    const TEEC_UUID copy = tee_uuid_plus(app, 2);
    char copy_path[TEE_PATH];
    static const char *const pairs[] = {"gpd.ta.appID", "444fbfd5-0c95-479c-8f40-02d0946d2d8d",
                                        "gpd.ta.version", "0.0.0", NULL};
    tee_package_path(&here, &copy, copy_path);
    forge.header.uuid[3] = 0xd5;
    forge_manifest(&forge, pairs);
    forge_write(&forge, TEE_KEY, copy_path, 1);
    forge_free(&forge);
    TEEC_Session session;
    result = call_open(&context, &session, &copy, &origin);
    tap_result(result, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP,
               "and so is one made by hand the way the bad ones were");
    TEEC_CloseSession(&session);
    free(good);
    TEEC_FinalizeContext(&context);
    tee_end(&here);
    return tap_end();
}

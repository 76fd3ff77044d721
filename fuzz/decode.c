/*
 * The kernel's decoders, on bytes of anybody's choice: they answer, read nothing outside, and what
 * they call good keeps their promises. The first octet chooses the decoder.
 */
#include <kernel/decode/message.h>
#include <kernel/decode/post.h>
#include <kernel/decode/trust.h>
#include <lib/elf.h>
#include <lib/manifest.h>
#include <lib/package.h>
#include <lib/uuid.h>
#include <port/kernel.h>
#include <stdlib.h>
#include <string.h>

static void promise(bool kept)
{
    if (!kept)
        abort();
}

static void fuzz_request(const uint8_t *data, size_t size)
{
    struct msg_arg arg = {0};
    struct request request;
    memcpy(&arg, data, size < sizeof(arg) ? size : sizeof(arg));
    arg.head.cmd %= 3;
    if (decode_request(&arg, &request) != E_OK)
        return;
    promise(request.num_params <= SESSION_PARAMS);
    promise(request.first_param + request.num_params <= MSG_PARAMS_MAX);
    for (uint32_t i = 0; i < SESSION_PARAMS; i++) {
        uint32_t type = SESSION_PARAM_TYPE(request.param_types, i);
        promise(type <= 7 && type != 4);
        promise(i < request.num_params || type == 0);
        promise(i >= request.num_params || request.cookie[i] == 0 || param_is_memory(type));
    }
}

static void fuzz_report(const uint8_t *data, size_t size)
{
    struct msg_arg arg = {0};
    struct report report;
    memcpy(&arg, data, size < sizeof(arg) ? size : sizeof(arg));
    kernel_report(&arg, &report);
    promise(report.kind <= REPORT_UNKNOWN);
    promise(report.kind == REPORT_LOG || report.kind == REPORT_STATUS || report.size == 0);
    promise(report.size == 0 || report.cookie != 0);
    arg.head.session = REPORT_SESSION;
    kernel_report(&arg, &report);
    promise(report.kind != REPORT_NOT || arg.head.cmd == MSG_CMD_OPEN_SESSION || arg.head.cmd > 2);
}

static void fuzz_reply(const uint8_t *data, size_t size)
{
    struct reply reply;
    if (decode_reply(data, size, SESSION_INVOKE, &reply) == E_OK)
        promise(size == SESSION_REPLY_SIZE(reply.num_params) &&
                reply.num_params <= SESSION_PARAMS && reply.origin >= 3);
}

static void fuzz_trust(const uint8_t *data, size_t size)
{
    static const uint8_t uuid[16];
    struct trust_entry entry;
    size_t at = 0;
    uint32_t floor = 0;
    bool whole = decode_trust(data, size) == E_OK;
    enum error error = E_OK;
    while ((error = decode_trust_next(data, size, &at, &entry)) == E_OK) {
        promise(at <= size);
        (void)trust_allows(&entry, uuid, &floor);
    }
    promise(!whole || error == E_NOT_FOUND);
}

static void fuzz_package(const uint8_t *data, size_t size)
{
    struct package package;
    const char *why = NULL;
    /* The header's total must fit for anything to be seen. */
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL)
        return;
    memcpy(bytes, data, size);
    if (size >= sizeof(struct package_header)) {
        uint32_t total = (uint32_t)size;
        memcpy(bytes + offsetof(struct package_header, total_size), &total, sizeof(total));
    }
    if (package_decode_header(bytes, size, &package, &why) == E_OK &&
        package_decode(&package, &why) == E_OK) {
        promise(package.manifest >= bytes &&
                package.manifest + package.manifest_size <= bytes + package.signed_size);
        for (uint32_t i = 0; i < package.num_images; i++)
            promise(package.image[i].offset <= package.signed_size &&
                    package.image[i].size <= package.signed_size - package.image[i].offset);
    }
    promise(why != NULL);
    free(bytes);
}

static void fuzz_manifest(const uint8_t *data, size_t size)
{
    struct manifest manifest;
    struct manifest_entry key;
    const char *why = NULL;
    if (manifest_decode(data, size, &manifest, &why, &key) == E_OK) {
        promise(!uuid_is_nil(manifest.uuid) && manifest.num_ports <= MANIFEST_PORTS_MAX);
        promise(manifest.heap_size >= 1 && manifest.heap_size <= MANIFEST_HEAP_MAX);
        promise(manifest.single_instance || (!manifest.keep_alive && !manifest.multi_session));
    }
    promise(why != NULL);
}

static void fuzz_elf(const uint8_t *data, size_t size)
{
    struct elf_image elf;
    const char *why = NULL;
    char name[32];
    uint64_t offset = 0;
    if (elf_decode(data, size, PACKAGE_ARCH_X86_64, true, &elf, &why) == E_OK) {
        uint64_t end = 0;
        for (uint32_t i = 0; i < elf.num_segments; i++) {
            const struct elf_segment *s = &elf.segment[i];
            promise(s->offset <= size && s->file_size <= size - s->offset);
            promise(s->address >= end && s->memory_size >= s->file_size);
            promise((s->flags & (ELF_WRITE | ELF_EXECUTE)) != (ELF_WRITE | ELF_EXECUTE));
            end = s->address + s->memory_size;
        }
        promise(end <= elf.span && elf.span <= ELF_SPAN_MAX + ELF_PAGE_SIZE);
    }
    if (elf_symbol(data, size, size, name, sizeof(name), &offset))
        promise(memchr(name, '\0', sizeof(name)) != NULL);
}

static void fuzz_uuid(const uint8_t *data, size_t size)
{
    uint8_t uuid[UUID_SIZE];
    uint8_t again[UUID_SIZE];
    char text[UUID_TEXT_LENGTH + 1];
    if (!uuid_parse((const char *)data, size, uuid))
        return;
    uuid_format(uuid, text);
    promise(uuid_parse(text, UUID_TEXT_LENGTH, again) && uuid_equal(uuid, again));
}

static void fuzz_post(const uint8_t *data, size_t size)
{
    struct sys_post in;
    struct post post;
    if (size < sizeof(in))
        return;
    memcpy(&in, data, sizeof(in));
    if (decode_post(&in, &post) == E_OK && post.kind == SYS_POST_SEND)
        promise(post.offset >= SYS_POST_OFFSET && post.offset <= SYS_BUFFER_SIZE &&
                post.value <= SYS_BUFFER_SIZE - post.offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(const uint8_t *, size_t) = {
        fuzz_request, fuzz_reply, fuzz_trust, fuzz_package, fuzz_manifest,
        fuzz_elf,     fuzz_uuid,  fuzz_post,  fuzz_report,
    };
    if (size == 0)
        return 0;
    targets[data[0] % (sizeof(targets) / sizeof(*targets))](data + 1, size - 1);
    return 0;
}

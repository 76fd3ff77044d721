#include <lib/elf.h>
#include <lib/package.h>
#include <lib/uuid.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools/file.h>
#include <tools/package/fault.h>
#include <unistd.h>

/* As kernel/app/instance.c and kernel/syscall/process.c write it. */
#define APP_WORD "app "
#define PLACE_WORDS ", at image offset 0x"
#define NAME_MAX_SHOWN 64

/* Where a line tells of a place. */
struct place {
    uint8_t uuid[UUID_SIZE];
    uint64_t offset;
    size_t from; /* of the words */
    size_t end;
};

static bool find_uuid(const char *line, size_t length, uint8_t uuid[UUID_SIZE])
{
    const char *at = memmem(line, length, APP_WORD, strlen(APP_WORD));
    if (at == NULL)
        return false;
    at += strlen(APP_WORD);
    return length - (size_t)(at - line) >= UUID_TEXT_LENGTH &&
           uuid_parse(at, UUID_TEXT_LENGTH, uuid);
}

static bool find_place(const char *line, size_t length, struct place *out)
{
    const char *at = memmem(line, length, PLACE_WORDS, strlen(PLACE_WORDS));
    if (at == NULL || !find_uuid(line, length, out->uuid))
        return false;
    out->from = (size_t)(at - line);
    out->end = out->from + strlen(PLACE_WORDS);
    out->offset = 0;
    for (unsigned int digits = 0; out->end < length && digits < 16; out->end++, digits++) {
        static const char hex[] = "0123456789abcdef";
        const char *digit = memchr(hex, line[out->end], 16);
        if (digit == NULL)
            break;
        out->offset = out->offset << 4 | (uint64_t)(digit - hex);
    }
    return true;
}

/* The package of that app at `path`, which is it or a folder that may have it. */
static bool read_package(const char *path, const uint8_t uuid[UUID_SIZE], struct file_bytes *bytes,
                         struct package *out)
{
    char text[UUID_TEXT_LENGTH + 1];
    const char *why = NULL;
    struct stat st;
    uuid_format(uuid, text);
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    FILE_NAME name = folder ? file_name("%s/%s.ta", path, text) : file_name("%s", path);
    return name != NULL && access(name, R_OK) == 0 && file_read(name, PACKAGE_SIZE_MAX, bytes) &&
           package_decode_header(bytes->bytes, bytes->size, out, &why) == E_OK &&
           package_decode(out, &why) == E_OK && uuid_equal(out->header.uuid, uuid);
}

static bool find_name(const struct place *place, const struct fault_apps *apps, char *name,
                      size_t size, uint64_t *into)
{
    for (size_t i = 0; i < apps->count; i++) {
        FILE_BYTES bytes = {.bytes = NULL};
        struct package package;
        if (!read_package(apps->at[i], place->uuid, &bytes, &package))
            continue;
        const struct package_image *image = package_image_for(&package, PACKAGE_ARCH_AARCH64);
        return image != NULL && elf_symbol(bytes.bytes + image->offset, image->size, place->offset,
                                           name, size, into);
    }
    return false;
}

void fault_put_line(FILE *to, const char *line, size_t length, const struct fault_apps *apps)
{
    struct place place;
    char name[NAME_MAX_SHOWN];
    uint64_t into = 0;
    if (apps->count == 0 || !find_place(line, length, &place) ||
        !find_name(&place, apps, name, sizeof(name), &into)) {
        (void)fwrite(line, 1, length, to);
    } else {
        (void)fwrite(line, 1, place.from, to);
        (void)fprintf(to, ", in %s+0x%llx (image offset 0x%llx)", name, (unsigned long long)into,
                      (unsigned long long)place.offset);
        (void)fwrite(line + place.end, 1, length - place.end, to);
    }
    (void)fputc('\n', to);
}

void fault_put_text(FILE *to, const char *text, size_t size, const struct fault_apps *apps)
{
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end != NULL ? (size_t)(end - text) : size;
        size_t shown = length > 0 && text[length - 1] == '\r' ? length - 1 : length;
        fault_put_line(to, text, shown, apps);
        text += length + (end != NULL);
        size -= length + (end != NULL);
    }
}

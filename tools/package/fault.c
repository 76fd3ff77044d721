#include <lib/elf.h>
#include <lib/package.h>
#include <lib/uuid.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools/file.h>
#include <tools/package/fault.h>
#include <tools/package/source.h>
#include <tools/printable.h>
#include <unistd.h>

/* As kernel/app/instance.c and kernel/syscall/process.c write it. */
#define APP_WORD "app "
#define OFFSET_WORDS "image offset 0x"
#define BARE_WORDS ", at " OFFSET_WORDS
#define NAME_MAX_SHOWN 64

/* Where a line tells of a place. */
struct place {
    uint8_t uuid[UUID_SIZE];
    uint64_t offset;
    size_t from; /* of the words */
    size_t end;
    bool bare; /* without the function's name */
};

bool fault_uuid(const char *line, size_t length, uint8_t uuid[UUID_SIZE])
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
    const char *at = memmem(line, length, OFFSET_WORDS, strlen(OFFSET_WORDS));
    if (at == NULL || !fault_uuid(line, length, out->uuid))
        return false;
    const size_t bare = strlen(BARE_WORDS) - strlen(OFFSET_WORDS);
    out->from = (size_t)(at - line);
    out->bare = out->from >= bare && memcmp(at - bare, BARE_WORDS, bare) == 0;
    if (out->bare)
        out->from -= bare;
    out->end = (size_t)(at - line) + strlen(OFFSET_WORDS);
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

bool fault_package(const struct fault_apps *apps, const uint8_t uuid[UUID_SIZE],
                   struct file_bytes *bytes, struct package *out)
{
    for (size_t i = 0; i < apps->count; i++) {
        if (read_package(apps->at[i], uuid, bytes, out))
            return true;
        file_bytes_free(bytes);
        *bytes = (struct file_bytes){.bytes = NULL};
    }
    return false;
}

/* " in FUNCTION+0x..", and where that is in the source; what is not known is left out. */
static void put_place(FILE *to, const struct place *place, const uint8_t *elf, size_t size)
{
    char name[NAME_MAX_SHOWN];
    char source[SOURCE_TEXT_MAX];
    uint64_t into = 0;
    bool named = place->bare && elf_symbol(elf, size, place->offset, name, sizeof(name), &into);
    bool found = source_find(elf, size, place->offset, source, sizeof(source));
    if (named) {
        (void)fputs(", in ", to);
        printable_text(to, name, strlen(name));
        (void)fprintf(to, "+0x%llx (", (unsigned long long)into);
    } else if (place->bare) {
        (void)fputs(", at ", to);
    }
    if (found)
        printable_text(to, source, strlen(source));
    (void)fprintf(to, "%simage offset 0x%llx%s", found ? ", " : "",
                  (unsigned long long)place->offset, named ? ")" : "");
}

void fault_put_line(FILE *to, const char *line, size_t length, const struct fault_apps *apps)
{
    struct place place;
    FILE_BYTES bytes = {.bytes = NULL};
    struct package package;
    const struct package_image *image = NULL;
    if (apps->count != 0 && find_place(line, length, &place) &&
        fault_package(apps, place.uuid, &bytes, &package))
        image = package_image_for(&package, apps->arch);
    if (image == NULL) {
        printable_lines(to, line, length);
    } else {
        printable_lines(to, line, place.from);
        put_place(to, &place, bytes.bytes + image->offset, image->size);
        printable_lines(to, line + place.end, length - place.end);
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

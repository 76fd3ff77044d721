#include <string.h>
#include <sys/stat.h>
#include <tools/arm64/archive.h>
#include <tools/file.h>
#include <tools/say.h>

#define ARCHIVE_FILE_MAX (512u << 20)
#define END_NAME "TRAILER!!!"

static bool pad(struct archive *archive, size_t length)
{
    static const char zeros[3];
    size_t missing = (4 - length % 4) % 4;
    return fwrite(zeros, 1, missing, archive->file) == missing;
}

static bool put_entry(struct archive *archive, const char *name, size_t length, mode_t mode,
                      const void *bytes, size_t size)
{
    int written =
        fprintf(archive->file, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
                ++archive->entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, length + 1, 0);
    bool good = written > 0 && fwrite(name, 1, length, archive->file) == length &&
                fputc('\0', archive->file) == 0 && pad(archive, (size_t)written + length + 1) &&
                fwrite(bytes, 1, size, archive->file) == size && pad(archive, size);
    return good ? true : say_errno("%s cannot be written", archive->path);
}

bool archive_create(struct archive *out, const char *path, const char *base)
{
    FILE_BYTES bytes = {.bytes = NULL};
    *out = (struct archive){.path = path};
    if (!file_read(base, ARCHIVE_FILE_MAX, &bytes))
        return false;
    out->file = fopen(path, "wxe");
    if (out->file == NULL)
        return say_errno("%s cannot be made", path);
    if (fwrite(bytes.bytes, 1, bytes.size, out->file) == bytes.size && pad(out, bytes.size))
        return true;
    (void)fclose(out->file);
    return say_errno("%s cannot be written", path);
}

bool archive_add(struct archive *archive, const char *name, mode_t mode, const void *bytes,
                 size_t size)
{
    while (*name == '/')
        name++;
    for (const char *at = strchr(name, '/'); at != NULL; at = strchr(at + 1, '/'))
        if (!put_entry(archive, name, (size_t)(at - name), S_IFDIR | 0755, "", 0))
            return false;
    return put_entry(archive, name, strlen(name), S_IFREG | (mode & 0777), bytes, size);
}

bool archive_add_file(struct archive *archive, const char *name, const char *path)
{
    FILE_BYTES bytes = {.bytes = NULL};
    struct stat st;
    if (stat(path, &st) != 0)
        return say_errno("%s", path);
    if (!S_ISREG(st.st_mode))
        return say_error("%s is not a file", path);
    if (!file_read(path, ARCHIVE_FILE_MAX, &bytes))
        return false;
    return archive_add(archive, name, (st.st_mode & 0111) != 0 ? 0755 : 0644, bytes.bytes,
                       bytes.size);
}

bool archive_finish(struct archive *archive)
{
    bool good = put_entry(archive, END_NAME, strlen(END_NAME), 0, "", 0);
    if (fclose(archive->file) == 0)
        return good;
    return say_errno("%s cannot be written", archive->path);
}

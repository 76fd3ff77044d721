#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <tools/arm64/secure_log.h>
#include <tools/hosted/notice.h>
#include <tools/say.h>
#include <unistd.h>

bool secure_log_open(struct secure_log *log, const char *path, int to)
{
    log->length = 0;
    log->watch = -1;
    log->file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    if (log->file < 0)
        return say_errno("%s", path);
    log->to = to >= 0 ? fdopen(to, "a") : NULL;
    if (to >= 0 && log->to == NULL) {
        (void)close(log->file);
        return say_errno("the log");
    }
    log->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (log->watch >= 0)
        (void)inotify_add_watch(log->watch, path, IN_MODIFY);
    return true;
}

static bool begins(const char **line, size_t *length, const char *word)
{
    size_t size = strlen(word);
    if (*length < size || memcmp(*line, word, size) != 0)
        return false;
    *line += size;
    *length -= size;
    return true;
}

/* The words that port/aarch64/console.c puts before a line, as the hosted log has them. */
static const char *take_level(const char **line, size_t *length)
{
    (void)begins(line, length, "postern: ");
    if (begins(line, length, "error: "))
        return "error";
    return begins(line, length, "warning: ") ? "warning" : "info";
}

static void put_line(struct secure_log *log, const char *line, size_t length)
{
    const char *level = take_level(&line, &length);
    if (log->to != NULL) {
        struct timespec now;
        struct tm parts;
        char text[32];
        (void)clock_gettime(CLOCK_REALTIME, &now);
        (void)gmtime_r(&now.tv_sec, &parts);
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
        (void)fprintf(log->to, "%s.%03ldZ %-7s ", text, now.tv_nsec / 1000000, level);
        fault_put_line(log->to, line, length, log->apps);
    }
    if (log->says)
        notice_take(line, length, log->apps);
}

/* A line ends as on a terminal. One that is too long becomes several. Nothing drives the terminal. */
static void put_octet(struct secure_log *log, char octet)
{
    bool control = ((unsigned char)octet < ' ' && octet != '\t') || octet == 0x7f;
    if (octet != '\n' && octet != '\r')
        log->line[log->length++] = control ? '?' : octet;
    if (octet == '\n' || log->length == sizeof(log->line)) {
        put_line(log, log->line, log->length);
        log->length = 0;
    }
}

void secure_log_take(struct secure_log *log)
{
    char bytes[4096];
    ssize_t got;
    while (log->watch >= 0 && read(log->watch, bytes, sizeof(bytes)) > 0)
        continue;
    while ((got = read(log->file, bytes, sizeof(bytes))) > 0)
        for (ssize_t i = 0; i < got; i++)
            put_octet(log, bytes[i]);
    if (log->to != NULL)
        (void)fflush(log->to);
}

bool secure_log_close(struct secure_log *log)
{
    secure_log_take(log);
    if (log->length > 0)
        put_octet(log, '\n');
    (void)close(log->file);
    if (log->watch >= 0)
        (void)close(log->watch);
    return log->to == NULL || fclose(log->to) == 0 ? true : say_errno("the log");
}

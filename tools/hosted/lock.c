#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <tools/file.h>
#include <tools/hosted/lock.h>
#include <tools/say.h>
#include <unistd.h>

/* The process id in the file; 1 when there is none yet, which stands for "somebody". */
static pid_t read_holder(int fd)
{
    char text[32];
    ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
    if (got <= 0)
        return 1;
    text[got] = '\0';
    long pid = strtol(text, NULL, 10);
    return pid > 1 ? (pid_t)pid : 1;
}

bool lock_take(const char *run_folder, int *fd, pid_t *holder)
{
    FILE_NAME path = file_name("%s/lock", run_folder);
    *holder = 0;
    if (path == NULL)
        return false;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return say_errno("%s cannot be made", path);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        *holder = read_holder(*fd);
    else
        (void)say_errno("%s cannot be locked", path);
    (void)close(*fd);
    *fd = -1;
    return false;
}

void lock_sign(int fd)
{
    if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
        (void)say_errno("the lock cannot be signed");
}

pid_t lock_holder(const char *run_folder)
{
    FILE_NAME path = file_name("%s/lock", run_folder);
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0)
        return 0;
    pid_t holder = 0;
    if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        holder = read_holder(fd);
    (void)close(fd);
    return holder;
}

bool lock_wait(const char *run_folder, int seconds)
{
    for (int i = 0; i < seconds * 100; i++) {
        if (lock_holder(run_folder) == 0)
            return true;
        (void)nanosleep(&(const struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return false;
}

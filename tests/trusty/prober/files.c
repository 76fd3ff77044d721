#include "prober.h"

void files_standard(void)
{
    static char line[] = "prober: a line by write()\n";
    static char head[] = "prober: a line ";
    static char tail[] = "by writev()\n";
    char in[4];
    iovec_t iov[3] = {{.base = head, .len = sizeof(head) - 1},
                      {.base = NULL, .len = 0},
                      {.base = tail, .len = sizeof(tail) - 1}};
    for (uint32_t fd = 1; fd <= 2; fd++) {
        EXPECT(write(fd, line, sizeof(line) - 1), sizeof(line) - 1);
        EXPECT(write(fd, NULL, 0), 0);
        EXPECT(writev(fd, iov, 3), sizeof(head) + sizeof(tail) - 2);
        EXPECT(writev(fd, NULL, 0), 0);
        EXPECT(read(fd, in, sizeof(in)), ERR_NOT_SUPPORTED);
        EXPECT(readv(fd, iov, 3), ERR_NOT_SUPPORTED);
        EXPECT(ioctl(fd, 1, in), ERR_NOT_SUPPORTED);
    }
    static const uint32_t others[] = {0, 3, 4, 5, 1000, 1001, 0xffffffff};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        EXPECT(write(others[i], line, 1), ERR_NOT_SUPPORTED);
        EXPECT(read(others[i], in, 1), ERR_NOT_SUPPORTED);
        EXPECT(ioctl(others[i], 0, NULL), ERR_NOT_SUPPORTED);
        EXPECT(readv(others[i], iov, 1), ERR_NOT_SUPPORTED);
        EXPECT(writev(others[i], iov, 1), ERR_NOT_SUPPORTED);
    }
}

void files_pointers(void)
{
    void *bad = (void *)0x200000000000;
    iovec_t iov[2] = {{.base = "x", .len = 1}, {.base = bad, .len = 1}};
    EXPECT(write(1, NULL, 1), ERR_FAULT);
    EXPECT(write(1, bad, 1), ERR_FAULT);
    EXPECT(write(1, (void *)(UINTPTR_MAX - 1), 16), ERR_FAULT);
    EXPECT(writev(1, bad, 1), ERR_FAULT);
    EXPECT(writev(1, NULL, 1), ERR_FAULT);
    EXPECT(writev(1, iov, 2), ERR_FAULT);
    EXPECT(writev(1, iov, 1025), ERR_INVALID_ARGS);
    EXPECT(writev(1, iov, UINT32_MAX), ERR_INVALID_ARGS);
    iov[0].len = SIZE_MAX;
    EXPECT(writev(1, iov, 2), ERR_INVALID_ARGS);
}

void files_time(void)
{
    int64_t before = 0;
    int64_t after = 0;
    EXPECT(gettime(0, 0, &before), NO_ERROR);
    EXPECT_TRUE(before > 0);
    EXPECT(nanosleep(0, 0, 20 * 1000 * 1000), NO_ERROR);
    EXPECT(trusty_nanosleep(0, 0, 5 * 1000 * 1000), NO_ERROR);
    EXPECT(trusty_gettime(0, &after), NO_ERROR);
    EXPECT_TRUE(after - before >= 25 * 1000 * 1000);
    EXPECT_TRUE(after - before < (int64_t)60000 * 1000 * 1000); /* nanoseconds */
    EXPECT(nanosleep(0, 0, 0), NO_ERROR);
    EXPECT(nanosleep(1, 0, 0), ERR_INVALID_ARGS);
    EXPECT(nanosleep(0, 1, 0), ERR_INVALID_ARGS);
    EXPECT(gettime(7, 0, &after), ERR_INVALID_ARGS);
    EXPECT(gettime(0, 7, &after), ERR_INVALID_ARGS);
    EXPECT(gettime(0, 0, &after), NO_ERROR);
}

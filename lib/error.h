/*
 * The kernel's one error type. Whoever speaks an outside ABI translates at its edge: system calls
 * to abi/error.h, the GP gate to GlobalPlatform's codes.
 */
#ifndef POSTERN_LIB_ERROR_H
#define POSTERN_LIB_ERROR_H

#define MUST_CHECK __attribute__((warn_unused_result))
/* Runs once, seldom, or when something failed: compiled for size, and out of the way of the rest. */
#define COLD __attribute__((cold))

/* name, what it means in words */
#define ERROR_LIST(X)                                                                              \
    X(E_OK, "no error")                                                                            \
    X(E_GENERIC, "unspecified error")                                                              \
    X(E_INVALID, "invalid argument")                                                               \
    X(E_NO_MEMORY, "out of memory")                                                                \
    X(E_NO_RESOURCES, "a table is full")                                                           \
    X(E_NOT_FOUND, "no such thing")                                                                \
    X(E_EXISTS, "exists already")                                                                  \
    X(E_BAD_HANDLE, "not a handle")                                                                \
    X(E_NOT_ALLOWED, "not allowed on this object")                                                 \
    X(E_ACCESS_DENIED, "access denied")                                                            \
    X(E_NOT_READY, "not connected yet")                                                            \
    X(E_NO_MESSAGE, "no message is waiting")                                                       \
    X(E_QUEUE_FULL, "the receiver's queue is full")                                                \
    X(E_CLOSED, "the other end is closed")                                                         \
    X(E_TIMED_OUT, "timed out")                                                                    \
    X(E_CANCELLED, "cancelled")                                                                    \
    X(E_TOO_BIG, "too big")                                                                        \
    X(E_BUSY, "busy")                                                                              \
    X(E_BAD_STATE, "not possible in this state")                                                   \
    X(E_NOT_SUPPORTED, "not supported")                                                            \
    X(E_UNKNOWN_CALL, "no such call")                                                              \
    X(E_FAULT, "bad address")                                                                      \
    X(E_IO, "input or output failed")                                                              \
    X(E_BAD_FORMAT, "damaged or contradictory")                                                    \
    X(E_SHORT, "cut short")                                                                        \
    X(E_EXCESS, "more than there may be")                                                          \
    X(E_SECURITY, "signature or trust check failed")                                               \
    X(E_VERSION, "version or ABI number not accepted")                                             \
    X(E_ARCHITECTURE, "for another architecture")                                                  \
    X(E_SESSION_MAXIMUM, "no more sessions")                                                       \
    X(E_DEAD, "the app died")                                                                      \
    X(E_COMMUNICATION, "the other world did not answer sensibly")                                  \
    X(E_BLOCKED, "has to wait (never leaves the kernel)")

enum error {
#define ERROR_ENUM(name, text) name,
    ERROR_LIST(ERROR_ENUM)
#undef ERROR_ENUM
};

/* "E_NOT_FOUND", and its words. Never NULL. */
const char *error_name(enum error error);
const char *error_text(enum error error);

#endif

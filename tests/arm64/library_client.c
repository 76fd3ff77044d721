/*
 * A client of the apps `library` and `digest`: what the crypto library computes is right, and no app can
 * spoil it, or see through it, for another one. Prints TAP.
 *
 *   library_client            all of it
 *   library_client again      the same calls once more without a word, for whoever counts memory
 *   library_client absent     there is no library: both apps are to say so, and to live
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <tee_client_api.h>

#include "digest/digest.h"
#include "library/library.h"

/* Each has two instances, 1.8 MiB, and the ones before may not be gone when the next ones start: all of
 * it has to fit into some 12 MiB. */
#define THREADS 3
#define STREAMS 6 /* instances of digest, a MiB of heap each */

static TEEC_Context context;
static int number, failed;
static bool quiet;

static void ok(bool good, const char *what)
{
    number++;
    if (!quiet) {
        printf("%sok %d - library: %s\n", good ? "" : "not ", number, what);
    }
    fflush(stdout);
    failed |= !good;
}

static TEEC_Result start(TEEC_Session *session)
{
    const TEEC_UUID uuid = LIBRARY_UUID;
    return TEEC_OpenSession(&context, session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL);
}

static TEEC_Result value(TEEC_Session *session, uint32_t command, uint32_t *a, uint32_t *b)
{
    TEEC_Operation operation = {
        .paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE)};
    operation.params[0].value.a = *a;
    operation.params[0].value.b = *b;
    TEEC_Result result = TEEC_InvokeCommand(session, command, &operation, NULL);
    *a = operation.params[0].value.a;
    *b = operation.params[0].value.b;
    return result;
}

static bool answers(TEEC_Session *session, uint32_t plain)
{
    uint32_t a = plain;
    uint32_t b = 0;
    TEEC_Result result = value(session, LIBRARY_ANSWERS, &a, &b);
    if (result != TEEC_SUCCESS || a != 0) {
        printf("# result %x, answer %u is wrong\n", result, a);
    }
    return result == TEEC_SUCCESS && a == 0;
}

static uint32_t mark(TEEC_Session *session, uint32_t a)
{
    uint32_t b = 0;
    return value(session, LIBRARY_MARK, &a, &b) == TEEC_SUCCESS ? a : UINT32_MAX;
}

/* --- digest: FIPS 180-4's "abc", and a stream of its own for each session. ------------------------ */

static TEEC_Result digest_start(TEEC_Session *session)
{
    const TEEC_UUID uuid = DIGEST_UUID;
    return TEEC_OpenSession(&context, session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL);
}

static TEEC_Result digest_add(TEEC_Session *session, const char *text)
{
    char copy[16];
    TEEC_Operation operation = {
        .paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE)};
    operation.params[0].tmpref.buffer = memcpy(copy, text, strlen(text));
    operation.params[0].tmpref.size = strlen(text);
    return TEEC_InvokeCommand(session, DIGEST_UPDATE, &operation, NULL);
}

static TEEC_Result digest_end(TEEC_Session *session, uint8_t digest[32], uint8_t mac[32])
{
    TEEC_Operation operation = {.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT,
                                                               TEEC_MEMREF_TEMP_OUTPUT,
                                                               TEEC_VALUE_OUTPUT, TEEC_NONE)};
    operation.params[0].tmpref.buffer = digest;
    operation.params[0].tmpref.size = DIGEST_SIZE;
    operation.params[1].tmpref.buffer = mac;
    operation.params[1].tmpref.size = DIGEST_SIZE;
    return TEEC_InvokeCommand(session, DIGEST_FINISH, &operation, NULL);
}

static bool digest_is_right(TEEC_Session *session)
{
    static const uint8_t abc[4] = {0xba, 0x78, 0x16, 0xbf};
    static const uint8_t end[4] = {0xf2, 0x00, 0x15, 0xad};
    uint8_t digest[32];
    uint8_t mac[32];
    return digest_add(session, "a") == TEEC_SUCCESS && digest_add(session, "bc") == TEEC_SUCCESS &&
           digest_end(session, digest, mac) == TEEC_SUCCESS && memcmp(digest, abc, 4) == 0 &&
           memcmp(digest + 28, end, 4) == 0 && memcmp(digest, mac, 32) != 0;
}

/* Many streams at once, a piece of each in turn: equal streams have equal digests, others do not. */
static void streams(void)
{
    static TEEC_Session session[STREAMS];
    static uint8_t digest[STREAMS][32];
    static uint8_t mac[STREAMS][32];
    bool good = true;
    for (int i = 0; i < STREAMS; i++) {
        good = good && digest_start(&session[i]) == TEEC_SUCCESS;
    }
    for (int piece = 0; piece < 3 && good; piece++) {
        for (int i = 0; i < STREAMS; i++) {
            char text[16];
            snprintf(text, sizeof(text), "%d of %d", piece, i / 2);
            good = good && digest_add(&session[i], text) == TEEC_SUCCESS;
        }
    }
    for (int i = 0; i < STREAMS; i++) {
        good = good && digest_end(&session[i], digest[i], mac[i]) == TEEC_SUCCESS;
        TEEC_CloseSession(&session[i]);
    }
    for (int i = 0; i + 2 < STREAMS && good; i += 2) {
        good = memcmp(digest[i], digest[i + 1], 32) == 0 && memcmp(mac[i], mac[i + 1], 32) == 0 &&
               memcmp(digest[i], digest[i + 2], 32) != 0 && memcmp(mac[i], mac[i + 2], 32) != 0;
    }
    ok(good, "six streams at once, a piece of each in turn");
}

/* --- Both apps at once. ---------------------------------------------------------------------------- */

static void *worker(void *bad)
{
    for (int i = 0; i < 4; i++) {
        TEEC_Session ours;
        TEEC_Session digest;
        TEEC_Result result = start(&ours);
        if (result == TEEC_SUCCESS) {
            result = digest_start(&digest);
        }
        if (result != TEEC_SUCCESS) {
            printf("# no session: %x\n", result);
        }
        if (result != TEEC_SUCCESS || !answers(&ours, 0) || !digest_is_right(&digest)) {
            return bad;
        }
        TEEC_CloseSession(&ours);
        TEEC_CloseSession(&digest);
    }
    return NULL;
}

static void both_at_once(void)
{
    pthread_t thread[THREADS];
    bool good = true;
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&thread[i], NULL, worker, &failed);
    }
    for (int i = 0; i < THREADS; i++) {
        void *bad;
        pthread_join(thread[i], &bad);
        good = good && bad == NULL;
    }
    ok(good, "two apps use it from three threads at once");
}

/* --- One against the other. ------------------------------------------------------------------------ */

static void deaths(TEEC_Session *other)
{
    static const char *const name[] = {"writing to its read-only data", "writing to its text",
                                       "writing to its pointers", "executing its data",
                                       "executing its read-only data"};
    for (uint32_t command = LIBRARY_WRITE_CONSTANTS; command < LIBRARY_COMMANDS_END; command++) {
        TEEC_Session session;
        char what[100];
        uint32_t a = 0;
        uint32_t b = 0;
        bool good = start(&session) == TEEC_SUCCESS && answers(&session, 0);
        good = good && value(&session, command, &a, &b) == TEEC_ERROR_TARGET_DEAD;
        TEEC_CloseSession(&session);
        snprintf(what, sizeof(what), "%s: the app dies, alone",
                 name[command - LIBRARY_WRITE_CONSTANTS]);
        ok(good && answers(other, 0) && mark(other, 1000) == 1000, what);
    }
}

static void apart(void)
{
    TEEC_Session one;
    TEEC_Session other;
    uint32_t low = 0;
    uint32_t high = 0;
    ok(start(&one) == TEEC_SUCCESS && answers(&one, 0), "known answers");
    ok(value(&one, LIBRARY_WHERE, &low, &high) == TEEC_SUCCESS, "where it is");
    ok(start(&other) == TEEC_SUCCESS, "another instance");
    uint32_t a = low;
    uint32_t b = high;
    ok(value(&one, LIBRARY_PROBE, &a, &b) == TEEC_SUCCESS && a == 1, "it can be read there");
    a = low;
    b = high;
    ok(value(&other, LIBRARY_PROBE, &a, &b) == TEEC_SUCCESS && a == 0,
       "not by an app that did not ask for it");
    ok(answers(&other, 1), "known answers without the processor's own instructions");
    ok(mark(&one, 1000) == 0 && mark(&other, 2000) == 0 && mark(&one, 1000) == 1000 &&
           mark(&other, 2000) == 2000,
       "two instances have data of their own");
    TEEC_CloseSession(&other);
    deaths(&one);
    ok(start(&other) == TEEC_SUCCESS && mark(&other, 1) == 0,
       "the data of those that died is gone");
    TEEC_CloseSession(&other);
    TEEC_CloseSession(&one);
}

static void absent(void)
{
    TEEC_Session session;
    uint32_t a = 0;
    uint32_t b = 0;
    ok(digest_start(&session) == TEEC_ERROR_NOT_SUPPORTED, "digest says that there is none");
    ok(start(&session) == TEEC_SUCCESS &&
           value(&session, LIBRARY_ANSWERS, &a, &b) == TEEC_ERROR_NOT_SUPPORTED,
       "so does the other app");
    ok(value(&session, LIBRARY_HASH, &a, &b) == TEEC_ERROR_NOT_SUPPORTED || a == 0, "and again");
    ok(value(&session, LIBRARY_PROBE, &a, &b) == TEEC_SUCCESS, "and lives");
    TEEC_CloseSession(&session);
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    quiet = strcmp(how, "again") == 0;
    ok(TEEC_InitializeContext(NULL, &context) == TEEC_SUCCESS, "a TEE");
    if (strcmp(how, "absent") == 0) {
        absent();
    } else {
        apart();
        streams();
        both_at_once();
    }
    TEEC_FinalizeContext(&context);
    if (!quiet) {
        printf("1..%d\n", number);
    }
    return failed;
}

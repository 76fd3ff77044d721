/* client UUID COMMAND...: each command in a session of its own; says what came of it, on stderr. */
#include <postern/tee_client_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <tee_client_api.h>

static TEEC_UUID uuid_of(const char *text)
{
    TEEC_UUID uuid = {0};
    unsigned int node[8];
    (void)sscanf(text, "%8x-%4hx-%4hx-%2x%2x-%2x%2x%2x%2x%2x%2x", &uuid.timeLow, &uuid.timeMid,
                 &uuid.timeHiAndVersion, &node[0], &node[1], &node[2], &node[3], &node[4], &node[5],
                 &node[6], &node[7]);
    for (int i = 0; i < 8; i++)
        uuid.clockSeqAndNode[i] = (uint8_t)node[i];
    return uuid;
}

int main(int count, char **words)
{
    TEEC_Context context;
    if (count < 3 || TEEC_InitializeContext(NULL, &context) != TEEC_SUCCESS)
        return 1;
    TEEC_UUID uuid = uuid_of(words[1]);
    for (int i = 2; i < count; i++) {
        TEEC_Session session;
        TEEC_Operation operation = {.started = 1};
        uint32_t origin = 0;
        TEEC_Result result = TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL,
                                              &operation, &origin);
        if (result == TEEC_SUCCESS) {
            result = TEEC_InvokeCommand(&session, (uint32_t)atoi(words[i]), &operation, &origin);
            TEEC_CloseSession(&session);
        }
        fprintf(stderr, "client: %s: %s\n", words[i], postern_teec_strerror(result));
    }
    TEEC_FinalizeContext(&context);
    return 0;
}

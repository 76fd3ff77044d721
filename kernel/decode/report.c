#include <abi/report.h>
#include <kernel/decode/message.h>
#include <lib/uuid.h>
#include <port/kernel.h>

/* Questions about the kernel itself (abi/report.h): which one a message is, if it is one. */

static const uint8_t report_uuid[16] = REPORT_UUID;
static const uint8_t root_uuid[16] = REPORT_ROOT_UUID;

static void take_memory(struct report *out, const struct request *request, uint32_t at)
{
    out->cookie = request->cookie[at];
    out->offset = request->param[at].x;
    out->size = request->param[at].y;
}

static enum report_kind decode_command(const struct request *request, struct report *out)
{
    uint32_t first = SESSION_PARAM_TYPE(request->param_types, 0);
    uint32_t second = SESSION_PARAM_TYPE(request->param_types, 1);
    if (request->command == REPORT_COMMAND_LOG && first == SESSION_PARAM_VALUE_INOUT &&
        second == SESSION_PARAM_MEMREF_OUTPUT) {
        out->position = (request->param[0].x & UINT32_MAX) | request->param[0].y << 32;
        take_memory(out, request, 1);
        return REPORT_LOG;
    }
    if (request->command == REPORT_COMMAND_STATUS && first == SESSION_PARAM_MEMREF_OUTPUT) {
        take_memory(out, request, 0);
        return REPORT_STATUS;
    }
    return REPORT_UNKNOWN;
}

void kernel_report(const struct msg_arg *arg, struct report *out)
{
    struct request request;
    *out = (struct report){.kind = REPORT_NOT};
    /* Most calls are none of ours: the gate alone decodes them. */
    if (arg->head.cmd == MSG_CMD_OPEN_SESSION
            ? arg->head.num_params == 0 || !uuid_equal(arg->params[0].u.octets, report_uuid)
            : arg->head.session != REPORT_SESSION)
        return;
    enum error error = decode_request(arg, &request);
    if (arg->head.cmd == MSG_CMD_OPEN_SESSION) {
        if (error != E_OK || !uuid_equal(request.uuid, report_uuid))
            return; /* also what is wrong with it is for the gate to say */
        bool root = request.login == MSG_LOGIN_USER && uuid_equal(request.client_uuid, root_uuid);
        out->kind = root ? REPORT_OPEN : REPORT_REFUSED;
        return;
    }
    if (arg->head.cmd == MSG_CMD_CLOSE_SESSION)
        out->kind = REPORT_CLOSE;
    else if (arg->head.cmd == MSG_CMD_INVOKE_COMMAND)
        out->kind = error == E_OK ? decode_command(&request, out) : REPORT_UNKNOWN;
}

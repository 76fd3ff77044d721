/*
 * Fuzz target: the decoder of session requests. The input is the number of objects, the objects, and
 * the message. What is accepted must keep what request.h promises.
 */
#include <sdk/gp/request.h>

#include <abi/syscall.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct request *request, const struct sys_recv *recv)
{
    for (uint32_t i = 0; i < SESSION_PARAMS; i++) {
        if (SESSION_PARAM_TYPE(request->param_types, i) < SESSION_PARAM_MEMREF_INPUT)
            continue;
        const uint64_t address = (uint64_t)(uintptr_t)request->params[i].memref.buffer;
        const uint64_t length = request->params[i].memref.size;
        bool inside = address == 0 && length == 0;
        for (uint32_t k = 0; k < recv->num_objects; k++)
            inside = inside || (address - recv->obj_va[k] <= recv->obj_size[k] &&
                                length <= recv->obj_size[k] - (address - recv->obj_va[k]));
        if (!inside || request->given[i] != length)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sys_recv recv = {0};
    if (size < 1)
        return 0;
    recv.num_objects = data[0] % (SYS_MSG_OBJECTS_MAX + 1);
    data++;
    size--;
    for (uint32_t i = 0; i < recv.num_objects; i++) {
        uint8_t shape[4] = {0};
        const size_t part = size < sizeof(shape) ? size : sizeof(shape);
        memcpy(shape, data, part);
        data += part;
        size -= part;
        recv.obj_va[i] = (shape[0] & 1) != 0 ? 0 : UINT64_C(0x200000000000) + 0x100000 * i;
        recv.obj_size[i] = (uint64_t)(shape[1] | shape[2] << 8) * 16;
        recv.obj_prot[i] = shape[3] & 3;
    }
    struct request request;
    if (request_decode(data, size, &recv, &request) == E_OK)
        check(&request, &recv);
    return 0;
}

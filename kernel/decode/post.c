#include <kernel/decode/post.h>

enum error decode_post(const struct sys_post *in, struct post *out)
{
    *out = (struct post){
        .kind = in->kind, .handle = in->handle, .value = in->value, .offset = in->offset};
    switch (in->kind) {
    case SYS_POST_TAKE:
    case SYS_POST_PUT:
        return E_OK;
    case SYS_POST_SEND:
        if (in->offset < SYS_POST_OFFSET || in->offset > SYS_BUFFER_SIZE ||
            in->value > SYS_BUFFER_SIZE - in->offset)
            return E_INVALID;
        return E_OK;
    default:
        return E_INVALID;
    }
}

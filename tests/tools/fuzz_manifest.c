/* Fuzzes manifest.txt: what is accepted packs to something that decodes again, to the same. */
#include <stdlib.h>
#include <string.h>
#include <tools/package/manifest_text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct manifest_packed packed;
    struct manifest again;
    char reason[256] = "";
    const char *why = NULL;
    enum error error =
        manifest_text_pack((const char *)data, size, &packed, reason, sizeof(reason));
    if (error != E_OK) {
        if (reason[0] == '\0')
            abort();
        return 0;
    }
    if (manifest_decode(packed.bytes, packed.size, &again, &why, NULL) != E_OK ||
        again.version != packed.decoded.version || again.num_ports != packed.decoded.num_ports)
        abort();
    return 0;
}

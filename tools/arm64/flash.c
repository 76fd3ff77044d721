/*
 * The build leaves the whole room of port/aarch64/layout.h behind the kernel's image, and puts a mark
 * where the table goes (tools/image): the place is found by it, so that no offset is recorded anywhere.
 * In front of it stand the table's length and, as it was built, the crypto library's.
 */
#include <lib/trust/trust.h>
#include <stdlib.h>
#include <string.h>
#include <tools/arm64/flash.h>
#include <tools/file.h>
#include <tools/say.h>

#define FLASH_SIZE_MAX (64u << 20)
#define FLASH_NUMBERS 16u
#define FLASH_ROOM (0x4000u - FLASH_NUMBERS)

static uint8_t *find_room(const struct file_bytes *flash)
{
    uint8_t *room = memmem(flash->bytes, flash->size, FLASH_MARK, strlen(FLASH_MARK));
    if (room == NULL || room - flash->bytes < (ptrdiff_t)FLASH_NUMBERS)
        return NULL;
    return flash->size - (size_t)(room - flash->bytes) >= FLASH_ROOM ? room : NULL;
}

bool flash_write(const char *path, const char *built, const char *trust_folder)
{
    FILE_BYTES flash = {.bytes = NULL};
    struct trust_why why = {.text = "out of memory"};
    uint8_t *table = NULL;
    size_t size = 0;
    if (!file_read(built, FLASH_SIZE_MAX, &flash))
        return false;
    uint8_t *room = find_room(&flash);
    if (room == NULL)
        return say_error("%s is damaged", built);
    if (trust_load(trust_folder, &table, &size, &why) != E_OK)
        return say_error("%s", why.text);
    bool good = size <= FLASH_ROOM;
    if (good) {
        memset(room, 0, FLASH_ROOM);
        for (unsigned int i = 0; i < 8; i++)
            room[(int)i - (int)FLASH_NUMBERS] = (uint8_t)((uint64_t)size >> (8 * i));
        memcpy(room, table, size);
    }
    free(table);
    if (!good)
        return say_error("more keys and apps than the kernel's image has room for");
    return file_write(path, 0600, flash.bytes, flash.size);
}

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <tools/printable.h>

/* The bytes of the UTF-8 sequence (RFC 3629) at `text`, and its character; 0 when it is none. */
static size_t decode(const unsigned char *text, size_t length, uint32_t *character)
{
    static const struct {
        unsigned char mask;
        unsigned char lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t form = 0; form < 4; form++) {
        if ((text[0] & forms[form].mask) != forms[form].lead)
            continue;
        if (form + 1 > length)
            return 0;
        uint32_t value = text[0] & (unsigned char)~forms[form].mask;
        for (size_t i = 1; i <= form; i++) {
            if ((text[i] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (text[i] & 0x3fu);
        }
        if (value < forms[form].least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
            return 0;
        *character = value;
        return form + 1;
    }
    return 0;
}

/* Also those that reverse or hide what stands around them: the bidirectional and invisible ones. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* `kept`: control characters that stay as they are. */
static void put_text(FILE *to, const char *text, size_t length, const char *kept)
{
    const unsigned char *at = (const unsigned char *)text;
    while (length > 0) {
        uint32_t character = 0;
        size_t taken = decode(at, length, &character);
        bool stays = taken != 0 &&
                     (!is_control(character) ||
                      (character != 0 && character < 0x80 && strchr(kept, (int)character) != NULL));
        if (stays) {
            (void)fwrite(at, 1, taken, to);
        } else {
            taken = taken == 0 ? 1 : taken;
            for (size_t i = 0; i < taken; i++)
                (void)fprintf(to, "\\x%02x", at[i]);
        }
        at += taken;
        length -= taken;
    }
}

void printable_text(FILE *to, const char *text, size_t length)
{
    put_text(to, text, length, "");
}

void printable_lines(FILE *to, const char *text, size_t length)
{
    put_text(to, text, length, "\t\n");
}

void printable_json(FILE *to, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    (void)fputc('"', to);
    while (length > 0) {
        uint32_t character = 0;
        size_t taken = decode(at, length, &character);
        if (taken == 0)
            (void)fprintf(to, "\\ufffd");
        else if (is_control(character))
            (void)fprintf(to, "\\u%04x", character);
        else if (character == '"' || character == '\\')
            (void)fprintf(to, "\\%c", (int)character);
        else
            (void)fwrite(at, 1, taken, to);
        at += taken == 0 ? 1 : taken;
        length -= taken == 0 ? 1 : taken;
    }
    (void)fputc('"', to);
}

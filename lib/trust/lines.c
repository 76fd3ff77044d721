#include <lib/trust/lines.h>
#include <stdbool.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts blanks off both ends. */
static void trim(const char **text, size_t *length)
{
    while (*length > 0 && is_blank((*text)[0])) {
        (*text)++;
        (*length)--;
    }
    while (*length > 0 && is_blank((*text)[*length - 1]))
        (*length)--;
}

static bool is_text(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* Takes one line off, without its end. */
static bool take_line(struct lines *lines, const char **text, size_t *length)
{
    if (lines->left == 0)
        return false;
    size_t end = 0;
    while (end < lines->left && lines->at[end] != '\n')
        end++;
    *text = lines->at;
    *length = end;
    size_t taken = end < lines->left ? end + 1 : end;
    lines->at += taken;
    lines->left -= taken;
    lines->number++;
    return true;
}

enum error lines_next(struct lines *lines, struct line *out, const char **why)
{
    const char *text;
    size_t length;
    do {
        if (!take_line(lines, &text, &length))
            return E_NOT_FOUND;
        trim(&text, &length);
    } while (length == 0 || text[0] == '#');

    if (!is_text(text, length)) {
        *why = "a control character stands in the line";
        return E_BAD_FORMAT;
    }
    size_t split = 0;
    while (split < length && text[split] != '=' && text[split] != ':')
        split++;
    if (split == length) {
        *why = "the line is not of the form `name = value`";
        return E_BAD_FORMAT;
    }
    *out = (struct line){
        .name = text,
        .name_length = split,
        .value = text + split + 1,
        .value_length = length - split - 1,
    };
    trim(&out->name, &out->name_length);
    trim(&out->value, &out->value_length);
    if (out->name_length == 0) {
        *why = "a name is missing before the separator";
        return E_BAD_FORMAT;
    }
    return E_OK;
}

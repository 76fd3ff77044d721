#include <lib/error.h>

const char *error_name(enum error error)
{
    switch (error) {
#define ERROR_NAME(name, text)                                                                     \
    case name:                                                                                     \
        return #name;
        ERROR_LIST(ERROR_NAME)
#undef ERROR_NAME
    }
    return "E_?";
}

const char *error_text(enum error error)
{
    switch (error) {
#define ERROR_TEXT(name, text)                                                                     \
    case name:                                                                                     \
        return text;
        ERROR_LIST(ERROR_TEXT)
#undef ERROR_TEXT
    }
    return "unknown error";
}

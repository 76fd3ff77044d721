/*
 * Trust files: which keys may sign which apps, as text that an administrator writes, and the trust
 * table of abi/package.h that is made of it. Used by posternd (its trust folder becomes the table
 * that the kernel reads) and by `postern verify`. Host side only: unlike the rest of lib/ this
 * needs a C library and files, and no part of the kernel includes it.
 *
 * A trust file holds one or more keys, one `name = value` a line (`name: value` is the same), `#`
 * starts a comment. `modulus` starts a key; what follows belongs to it:
 *
 *   modulus = 768 hexadecimal digits
 *   exponent = 65537                 (the default)
 *   app = UUID, or * for any         (may be repeated; a key without any `app` signs nothing)
 *   floor = UUID VERSION             (versions a.b.c below this one are refused)
 *
 * A key that appears again, in the same file or another, adds to what it may sign; of two floors
 * for one app under the same key the higher one holds. A floor binds the key that it stands under.
 *
 * Rules: decoding is a pure function of the text; nothing is guessed, an unknown name is an error;
 * every error is one sentence that names file and line.
 */
#ifndef POSTERN_LIB_TRUST_TRUST_H
#define POSTERN_LIB_TRUST_TRUST_H

#include <abi/package.h>
#include <lib/error.h>
#include <stddef.h>
#include <stdint.h>

#define TRUST_FILE_MAX (1u << 20) /* bytes of one trust file */
#define TRUST_SUFFIX ".trust"     /* files of a trust folder with other names are not read */

/* Why something was refused: one sentence without a newline, NUL-terminated. */
struct trust_why {
    char text[512];
};

/* A table in the making. */
struct trust_builder;

/* An empty table. NULL when there is no memory. The caller owns it and destroys it. */
struct trust_builder *trust_builder_create(void);
void trust_builder_destroy(struct trust_builder *builder);

/*
 * Adds what the text of one trust file says. `name` is how errors call the file. Nothing is kept of
 * `text` and `name`. After an error the table is of no more use, and `why` says what is wrong.
 * E_BAD_FORMAT: a line that does not fit the format. E_NO_RESOURCES: more than TRUST_KEYS_MAX keys
 * or TRUST_APPS_MAX apps. E_NO_MEMORY.
 */
enum error trust_builder_add(struct trust_builder *builder, const char *name, const char *text,
                             size_t size, struct trust_why *why) MUST_CHECK;

/*
 * The table as bytes (struct trust_header and what follows it). *blob is the caller's to free().
 * An empty table is a valid one: it trusts nobody. E_NO_MEMORY.
 */
enum error trust_builder_encode(const struct trust_builder *builder, uint8_t **blob,
                                size_t *size) MUST_CHECK;

/*
 * Reads a trust folder (all its files that end in ".trust", in order of their names), or one trust
 * file, into a table: *blob is the caller's to free(). Folder and files must belong to the
 * caller's effective user or to root and be writable by nobody else, and the files must not be
 * symbolic links: E_ACCESS_DENIED if not. E_NOT_FOUND: no such folder or file. E_IO: cannot be
 * read. Else as trust_builder_add. *why is filled on every error.
 */
enum error trust_load(const char *path, uint8_t **blob, size_t *size,
                      struct trust_why *why) MUST_CHECK;

#endif

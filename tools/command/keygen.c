/* postern keygen: a new signing key and the trust file that goes with it. */
#include <lib/uuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools/command/command.h>
#include <tools/file.h>
#include <tools/key/key.h>
#include <tools/say.h>

struct request {
    const char *output;
    char *apps; /* lines of the trust file */
};

static const struct argp_option options[] = {
    {.name = "output",
     .key = 'o',
     .arg = "NAME",
     .doc = "write NAME.key and NAME.trust (default: postern)"},
    {.name = "app",
     .key = 'a',
     .arg = "UUID",
     .doc = "the key may sign this app only; may be repeated (default: any app)"},
    {0},
};

static bool add_app(struct request *request, const char *uuid)
{
    uint8_t octets[UUID_SIZE];
    if (!uuid_parse(uuid, strlen(uuid), octets))
        return say_error("--app %s is not a UUID", uuid);
    char *apps = file_name("%sapp = %s\n", request->apps != NULL ? request->apps : "", uuid);
    free(request->apps);
    request->apps = apps;
    return apps != NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case 'o':
        request->output = arg;
        return 0;
    case 'a':
        if (!add_app(request, arg))
            exit(COMMAND_USAGE);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Makes an RSA-3072 signing key. NAME.key is the private half, readable by you alone: "
           "keep it. NAME.trust is the public half, as a trust file: a TEE that has it in its "
           "trust folder runs the apps that the key signs. Existing files are never overwritten.",
};

int command_keygen(int argc, char **argv)
{
    struct request request = {.output = "postern"};
    argp_parse(&argp, argc, argv, 0, NULL, &request);
    __attribute__((cleanup(file_name_free))) char *apps = request.apps;
    KEY key = NULL;
    if (!key_generate(&key) || !key_write(key, request.output, apps != NULL ? apps : "app = *\n"))
        return COMMAND_FAILED;
    (void)printf("private key: %s.key\ntrust file: %s.trust\n", request.output, request.output);
    return 0;
}

/*
 * Constants of the TEE client API: return codes, their origins, kinds of parameters, directions of
 * shared memory, login methods.
 *
 * Values and names: OpenHarmony's TEE client API ("TeeClient", since version 11), and GlobalPlatform
 * TEE Client API 1.0 (clause 4.4) for what that document does not list.
 *
 * Each constant is an enumerator and also a macro of the same name that expands to the number, so
 * that it can be used in #if and #ifdef. In C an enumeration and uint32_t convert into each other
 * silently; in C++ a constant is a number, and TEEC_Result is uint32_t (as GlobalPlatform defines
 * it): a C++ variable of an enumeration type needs a cast.
 *
 * tee_client_api.h includes this file.
 */
#ifndef POSTERN_TEE_CLIENT_CONSTANTS_H
#define POSTERN_TEE_CLIENT_CONSTANTS_H

#include <stdint.h>

/* Enumerators above INT_MAX are an extension of C before C23. */
#if defined(__GNUC__) && !defined(__cplusplus)
#define TEEC_EXTENSION_ __extension__
#else
#define TEEC_EXTENSION_
#endif

/* Parameters of one operation. */
#define TEEC_PARAM_NUM 4
/* GlobalPlatform's name for the same (clause 4.2). */
#define TEEC_CONFIG_PAYLOAD_REF_COUNT 4
/* No single shared memory is larger; what there is may be less, which is then found out as
 * TEEC_ERROR_OUT_OF_MEMORY (GlobalPlatform, clause 4.2). */
#define TEEC_CONFIG_SHAREDMEM_MAX_SIZE SIZE_MAX

/*
 * What a function answers. Who said so is in the origin (enum TEEC_ReturnCodeOrigin).
 */
TEEC_EXTENSION_ enum TEEC_ReturnCode {
    /* Done. */
    TEEC_SUCCESS = 0x0,
    /* The app does not know the command. */
    TEEC_ERROR_INVALID_CMD = 0x1,
    /* There is no such app. */
    TEEC_ERROR_SERVICE_NOT_EXIST = 0x2,
    /* The TEE does not know the session. */
    TEEC_ERROR_SESSION_NOT_EXIST = 0x3,
    /* The app, or the TEE, has as many sessions as it may have. */
    TEEC_ERROR_SESSION_MAXIMUM = 0x4,
    /* An app claims a UUID or a port name that is taken. */
    TEEC_ERROR_REGISTER_EXIST_SERVICE = 0x5,
    /* The secure kernel itself has stopped. (The document spells it so.) */
    TEEC_ERROR_TAGET_DEAD_FATAL = 0x6,
    /* Secure storage: a file could not be read ... */
    TEEC_ERROR_READ_DATA = 0x7,
    /* ... written ... */
    TEEC_ERROR_WRITE_DATA = 0x8,
    /* ... cut ... */
    TEEC_ERROR_TRUNCATE_OBJECT = 0x9,
    /* ... positioned in ... */
    TEEC_ERROR_SEEK_DATA = 0xA,
    /* ... made durable ... */
    TEEC_ERROR_FSYNC_DATA = 0xB,
    /* ... renamed. */
    TEEC_ERROR_RENAME_OBJECT = 0xC,
    /* The app is there but cannot be loaded: damaged, too large, of another architecture. */
    TEEC_ERROR_TRUSTED_APP_LOAD_ERROR = 0xD,
    /* Initialise: there is no TEE, or no resources. From an app: whatever it means by it. */
    TEEC_ERROR_GENERIC = 0xFFFF0000,
    /* The caller may not: use this TEE, name this group, have this from the app. */
    TEEC_ERROR_ACCESS_DENIED = 0xFFFF0001,
    /* The operation was cancelled. */
    TEEC_ERROR_CANCEL = 0xFFFF0002,
    /* Secure storage: the object is open elsewhere in a way that excludes this. */
    TEEC_ERROR_ACCESS_CONFLICT = 0xFFFF0003,
    /* More data than the TEE or the app takes. */
    TEEC_ERROR_EXCESS_DATA = 0xFFFF0004,
    /* The TEE or the app cannot decode what it was sent. */
    TEEC_ERROR_BAD_FORMAT = 0xFFFF0005,
    /* A parameter is NULL where it may not be, or makes no sense. */
    TEEC_ERROR_BAD_PARAMETERS = 0xFFFF0006,
    /* Not now. */
    TEEC_ERROR_BAD_STATE = 0xFFFF0007,
    /* What was asked for is not there. */
    TEEC_ERROR_ITEM_NOT_FOUND = 0xFFFF0008,
    /* Known, but not there in this implementation. */
    TEEC_ERROR_NOT_IMPLEMENTED = 0xFFFF0009,
    /* Known, but not supported: an algorithm, a login method (TrustZone port). */
    TEEC_ERROR_NOT_SUPPORTED = 0xFFFF000A,
    /* There is no data for the request. */
    TEEC_ERROR_NO_DATA = 0xFFFF000B,
    /* No memory left: the TEE's, the app's, or the caller's. */
    TEEC_ERROR_OUT_OF_MEMORY = 0xFFFF000C,
    /* The app serves one session and has it. */
    TEEC_ERROR_BUSY = 0xFFFF000D,
    /* The TEE is gone, or what it says makes no sense. */
    TEEC_ERROR_COMMUNICATION = 0xFFFF000E,
    /* A signature is wrong, or another security check failed. */
    TEEC_ERROR_SECURITY = 0xFFFF000F,
    /* A buffer is too short; the size that is needed stands in the parameter. */
    TEEC_ERROR_SHORT_BUFFER = 0xFFFF0010,
    /* Cancelled from outside (GlobalPlatform). */
    TEEC_ERROR_EXTERNAL_CANCEL = 0xFFFF0011,
    /* The app died during this call or before it. */
    TEEC_ERROR_TARGET_DEAD = 0xFFFF3024,
    /* No room left in secure storage (GlobalPlatform). */
    TEEC_ERROR_STORAGE_NO_SPACE = 0xFFFF3041,
    /* A message authentication code is wrong. */
    TEEC_ERROR_MAC_INVALID = 0xFFFF3071,
    /* Never sent by Postern; apps may. */
    TEEC_FAIL = 0xFFFF5002,
    /* Secure storage cannot be reached now (GlobalPlatform). */
    TEEC_ERROR_STORAGE_NOT_AVAILABLE = 0xF0100003
};

#define TEEC_SUCCESS 0x0U
#define TEEC_ERROR_INVALID_CMD 0x1U
#define TEEC_ERROR_SERVICE_NOT_EXIST 0x2U
#define TEEC_ERROR_SESSION_NOT_EXIST 0x3U
#define TEEC_ERROR_SESSION_MAXIMUM 0x4U
#define TEEC_ERROR_REGISTER_EXIST_SERVICE 0x5U
#define TEEC_ERROR_TAGET_DEAD_FATAL 0x6U
#define TEEC_ERROR_READ_DATA 0x7U
#define TEEC_ERROR_WRITE_DATA 0x8U
#define TEEC_ERROR_TRUNCATE_OBJECT 0x9U
#define TEEC_ERROR_SEEK_DATA 0xAU
#define TEEC_ERROR_FSYNC_DATA 0xBU
#define TEEC_ERROR_RENAME_OBJECT 0xCU
#define TEEC_ERROR_TRUSTED_APP_LOAD_ERROR 0xDU
#define TEEC_ERROR_GENERIC 0xFFFF0000U
#define TEEC_ERROR_ACCESS_DENIED 0xFFFF0001U
#define TEEC_ERROR_CANCEL 0xFFFF0002U
#define TEEC_ERROR_ACCESS_CONFLICT 0xFFFF0003U
#define TEEC_ERROR_EXCESS_DATA 0xFFFF0004U
#define TEEC_ERROR_BAD_FORMAT 0xFFFF0005U
#define TEEC_ERROR_BAD_PARAMETERS 0xFFFF0006U
#define TEEC_ERROR_BAD_STATE 0xFFFF0007U
#define TEEC_ERROR_ITEM_NOT_FOUND 0xFFFF0008U
#define TEEC_ERROR_NOT_IMPLEMENTED 0xFFFF0009U
#define TEEC_ERROR_NOT_SUPPORTED 0xFFFF000AU
#define TEEC_ERROR_NO_DATA 0xFFFF000BU
#define TEEC_ERROR_OUT_OF_MEMORY 0xFFFF000CU
#define TEEC_ERROR_BUSY 0xFFFF000DU
#define TEEC_ERROR_COMMUNICATION 0xFFFF000EU
#define TEEC_ERROR_SECURITY 0xFFFF000FU
#define TEEC_ERROR_SHORT_BUFFER 0xFFFF0010U
#define TEEC_ERROR_EXTERNAL_CANCEL 0xFFFF0011U
#define TEEC_ERROR_TARGET_DEAD 0xFFFF3024U
#define TEEC_ERROR_STORAGE_NO_SPACE 0xFFFF3041U
#define TEEC_ERROR_MAC_INVALID 0xFFFF3071U
#define TEEC_FAIL 0xFFFF5002U
#define TEEC_ERROR_STORAGE_NOT_AVAILABLE 0xF0100003U

/* Who said so. */
enum TEEC_ReturnCodeOrigin {
    TEEC_ORIGIN_API = 0x1,        /* this library refused; nothing was sent */
    TEEC_ORIGIN_COMMS = 0x2,      /* it was lost on the way */
    TEEC_ORIGIN_TEE = 0x3,        /* the secure kernel */
    TEEC_ORIGIN_TRUSTED_APP = 0x4 /* the app; success too */
};

#define TEEC_ORIGIN_API 0x1U
#define TEEC_ORIGIN_COMMS 0x2U
#define TEEC_ORIGIN_TEE 0x3U
#define TEEC_ORIGIN_TRUSTED_APP 0x4U

/* TEEC_SharedMemory.flags: the ways that data may flow. */
enum TEEC_SharedMemCtl {
    TEEC_MEM_INPUT = 0x1,  /* from the client to the app */
    TEEC_MEM_OUTPUT = 0x2, /* from the app to the client */
    TEEC_MEM_INOUT = 0x3
};

#define TEEC_MEM_INPUT 0x1U
#define TEEC_MEM_OUTPUT 0x2U
#define TEEC_MEM_INOUT 0x3U

/* Kinds of parameters; four of them make TEEC_Operation.paramTypes (TEEC_PARAM_TYPES). */
enum TEEC_ParamType {
    TEEC_NONE = 0x0,
    TEEC_VALUE_INPUT = 0x01, /* params[i].value */
    TEEC_VALUE_OUTPUT = 0x02,
    TEEC_VALUE_INOUT = 0x03,
    TEEC_MEMREF_TEMP_INPUT = 0x05, /* params[i].tmpref */
    TEEC_MEMREF_TEMP_OUTPUT = 0x06,
    TEEC_MEMREF_TEMP_INOUT = 0x07,
    TEEC_MEMREF_WHOLE = 0xc, /* params[i].memref: all of the parent, in its flags' directions */
    TEEC_MEMREF_PARTIAL_INPUT = 0xd,
    TEEC_MEMREF_PARTIAL_OUTPUT = 0xe,
    TEEC_MEMREF_PARTIAL_INOUT = 0xf
};

#define TEEC_NONE 0x0U
#define TEEC_VALUE_INPUT 0x01U
#define TEEC_VALUE_OUTPUT 0x02U
#define TEEC_VALUE_INOUT 0x03U
#define TEEC_MEMREF_TEMP_INPUT 0x05U
#define TEEC_MEMREF_TEMP_OUTPUT 0x06U
#define TEEC_MEMREF_TEMP_INOUT 0x07U
#define TEEC_MEMREF_WHOLE 0xcU
#define TEEC_MEMREF_PARTIAL_INPUT 0xdU
#define TEEC_MEMREF_PARTIAL_OUTPUT 0xeU
#define TEEC_MEMREF_PARTIAL_INOUT 0xfU

/* How a client introduces itself to the app. What the app sees is computed by the TEE from what
 * the operating system says of the client, never from what the client says. */
enum TEEC_LoginMethod {
    TEEC_LOGIN_PUBLIC = 0x0,            /* as nobody */
    TEEC_LOGIN_USER = 0x1,              /* as the user that runs the client */
    TEEC_LOGIN_GROUP = 0x2,             /* as a group that the user is in */
    TEEC_LOGIN_APPLICATION = 0x4,       /* as the program */
    TEEC_LOGIN_USER_APPLICATION = 0x5,  /* as the program run by the user */
    TEEC_LOGIN_GROUP_APPLICATION = 0x6, /* as the program run by a group that the user is in */
    TEEC_LOGIN_IDENTIFY = 0x7           /* as user and program; all that OpenHarmony uses */
};

#define TEEC_LOGIN_PUBLIC 0x0U
#define TEEC_LOGIN_USER 0x1U
#define TEEC_LOGIN_GROUP 0x2U
#define TEEC_LOGIN_APPLICATION 0x4U
#define TEEC_LOGIN_USER_APPLICATION 0x5U
#define TEEC_LOGIN_GROUP_APPLICATION 0x6U
#define TEEC_LOGIN_IDENTIFY 0x7U

#endif

/*
 * Types of the TEE client API.
 *
 * Names and members: OpenHarmony's TEE client API ("TeeClient", since version 11); sizes are size_t
 * as in GlobalPlatform TEE Client API 1.0 (clause 4.3). The structures belong to the caller, who
 * allocates them; the library keeps its own state elsewhere and finds it by the number in
 * `postern`, so that a structure that was never opened, was closed, or holds garbage is recognised
 * and refused. Programs write the members that a function's manual names, and only read the others.
 * Set a structure to zeros before its first use where it may be given to a function that closes.
 *
 * tee_client_api.h includes this file.
 */
#ifndef POSTERN_TEE_CLIENT_TYPE_H
#define POSTERN_TEE_CLIENT_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tee_client_constants.h"

#ifdef __cplusplus
extern "C" {
typedef uint32_t TEEC_Result;
#else
typedef enum TEEC_ReturnCode TEEC_Result;
#endif

/* A ring of a doubly linked list. */
struct ListNode {
    struct ListNode *next;
    struct ListNode *prev;
};

/* A UUID (RFC 4122), which names an app. 79b77788-9789-4a7a-a2be-b60155eef5f4 is
 * { 0x79b77788, 0x9789, 0x4a7a, { 0xa2, 0xbe, 0xb6, 0x01, 0x55, 0xee, 0xf5, 0xf4 } }. */
typedef struct {
    uint32_t timeLow;
    uint16_t timeMid;
    uint16_t timeHiAndVersion;
    uint8_t clockSeqAndNode[8];
} TEEC_UUID;

/* The library's own mark in a structure. Not for programs. */
typedef struct {
    uint64_t handle;
    uint64_t reserved;
} TEEC_Mark_;

/* A connection to a TEE. Made by TEEC_InitializeContext, ended by TEEC_FinalizeContext. */
typedef struct {
    int32_t fd; /* the connection's descriptor, to look at only; -1 when there is none */
    /* A path of the package of the app to open, or NULL (so set by TEEC_InitializeContext): the
     * caller may set it before TEEC_OpenSession; the string stays the caller's. */
    uint8_t *ta_path;
    /* Valid, empty rings: the library keeps no pointers into its callers' structures. */
    struct ListNode session_list;
    struct ListNode shrd_mem_list;
    TEEC_Mark_ postern;
} TEEC_Context;

/* A session with an app. Made by TEEC_OpenSession, ended by TEEC_CloseSession. */
typedef struct {
    uint32_t session_id;   /* the TEE's number of it; 0 when it is not open */
    TEEC_UUID service_id;  /* the app */
    uint32_t ops_cnt;      /* commands running now */
    struct ListNode head;  /* unused; an empty ring */
    TEEC_Context *context; /* as it was opened with; NULL when it is not open */
    TEEC_Mark_ postern;
} TEEC_Session;

/* Memory shared with apps, allocated or registered. */
typedef struct {
    void *buffer;     /* to register: the caller's memory. Allocated: set by the library */
    size_t size;      /* bytes; set by the caller before */
    uint32_t flags;   /* TEEC_MEM_*; set by the caller before */
    uint32_t ops_cnt; /* commands that use it now */
    bool is_allocated;
    struct ListNode head; /* unused; an empty ring */
    TEEC_Context *context;
    TEEC_Mark_ postern;
} TEEC_SharedMemory;

/* TEEC_MEMREF_TEMP_*: memory of the caller, for one call. NULL with size 0 reaches the app so. */
typedef struct {
    void *buffer;
    size_t size; /* bytes; output: how many the app left, or would need */
} TEEC_TempMemoryReference;

/* TEEC_MEMREF_WHOLE, TEEC_MEMREF_PARTIAL_*. */
typedef struct {
    TEEC_SharedMemory *parent;
    size_t size;   /* bytes (PARTIAL); output: how many the app left, or would need (WHOLE too) */
    size_t offset; /* bytes from the parent's start (PARTIAL) */
} TEEC_RegisteredMemoryReference;

/* TEEC_VALUE_*. */
typedef struct {
    uint32_t a;
    uint32_t b;
} TEEC_Value;

/* One parameter; which member counts is said by TEEC_Operation.paramTypes. */
typedef union {
    TEEC_TempMemoryReference tmpref;
    TEEC_RegisteredMemoryReference memref;
    TEEC_Value value;
} TEEC_Parameter;

/*
 * What travels with one call. Set it to zeros (or TEEC_OPERATION_INITIALIZER) before first use.
 *
 * One operation serves one call at a time. For another call after TEEC_RequestCancellation, set
 * cancel_flag to false again: a call whose operation has it set answers TEEC_ERROR_CANCEL.
 */
typedef struct {
    uint32_t started;    /* set by the library when a call begins; any value will do before */
    uint32_t paramTypes; /* TEEC_PARAM_TYPES */
    TEEC_Parameter params[TEEC_PARAM_NUM];
    TEEC_Session *session; /* the session of the call; set by the library */
    bool cancel_flag;      /* set by TEEC_RequestCancellation */
} TEEC_Operation;

#ifdef __cplusplus
#define TEEC_OPERATION_INITIALIZER                                                                 \
    {                                                                                              \
    }
#else
#define TEEC_OPERATION_INITIALIZER {0}
#endif

/* TEEC_Operation.paramTypes of four kinds (GlobalPlatform, clause 4.5.11). */
#define TEEC_PARAM_TYPES(p0, p1, p2, p3) ((p0) | ((p1) << 4) | ((p2) << 8) | ((p3) << 12))
/* The kind of parameter i. */
#define TEEC_PARAM_TYPE_GET(types, i) (((types) >> ((i) * 4U)) & 0xFU)

#ifdef __cplusplus
}
#endif

#endif

/*
 * What the app bridge and its client (tests/trusty/bridge_tipc.c) agree on. A session is a connection to
 * one Trusty service.
 */
#ifndef TESTS_TRUSTY_BRIDGE_H
#define TESTS_TRUSTY_BRIDGE_H

/* Fits TEE_UUID and TEEC_UUID alike. */
#define BRIDGE_UUID {0x5d6a5f2c, 0x8a1b, 0x4f0e, {0x9d, 0x1d, 0x3b, 0x0d, 0x6f, 0x2b, 0x7a, 0x20}}

/* Open: parameter 0, memory in: the service's name. ITEM_NOT_FOUND: it does not accept. */

enum bridge_command {
    /* Sends a message (parameter 0, memory in) and takes the next one that comes (parameter 1, memory
     * out). Parameter 2, value in: a is the patience in milliseconds. COMMUNICATION: the service hung
     * up; CANCEL: it did not answer in time. */
    BRIDGE_EXCHANGE = 1,
};

#endif

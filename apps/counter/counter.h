/*
 * What counter and its clients agree on. Included by both sides.
 */
#ifndef APPS_COUNTER_H
#define APPS_COUNTER_H

/* Fits TEE_UUID and TEEC_UUID alike. */
#define COUNTER_UUID {0x625503bc, 0x7b0b, 0x4148, {0xa5, 0x94, 0xac, 0x22, 0xef, 0xc9, 0x07, 0xa9}}

/* Parameter 0, value in and out: a is added to the counter, and becomes the counter's new value. b
 * becomes what this session alone has added. */
#define COUNTER_ADD 1

/* Parameter 0, value out: a is the counter, b how many sessions are open now. Parameter 1, value
 * out: a is how many sessions this instance has served in its life. */
#define COUNTER_READ 2

#endif

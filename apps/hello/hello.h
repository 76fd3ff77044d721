/*
 * What hello and its clients agree on: the app's name and its commands. Included by both sides, so
 * it uses nothing but the preprocessor.
 */
#ifndef APPS_HELLO_H
#define APPS_HELLO_H

/* Fits TEE_UUID and TEEC_UUID alike. */
#define HELLO_UUID {0x444fbfd3, 0x0c95, 0x479c, {0x8f, 0x40, 0x02, 0xd0, 0x94, 0x6d, 0x2d, 0x8d}}

/* Parameter 0, value in: two numbers. Parameter 1, value out: their sum and their product. */
#define HELLO_CALCULATE 1

/* Parameter 0, value in and out: both numbers come back one larger. */
#define HELLO_INCREMENT 2

/* Parameter 0, memory in: a name. Parameter 1, memory out: a greeting, without a NUL. The greeting
 * is 7 bytes longer than the name. */
#define HELLO_GREET 3

#endif

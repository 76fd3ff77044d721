/*
 * The compiler's own <limits.h> asks for the C library's, of which nothing is needed.
 */

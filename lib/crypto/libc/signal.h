/* mbedTLS includes this header; of what is in it, it uses nothing here. See string.h. */

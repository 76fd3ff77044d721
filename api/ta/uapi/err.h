/*
 * Trusty's error numbers. What each means for a call stands with the call in <trusty_ipc.h>; the
 * comments here name those that Trusty's calls answer at all.
 */
#ifndef POSTERN_UAPI_ERR_H
#define POSTERN_UAPI_ERR_H

#define NO_ERROR 0
#define ERR_GENERIC (-1)
#define ERR_NOT_FOUND (-2) /* nothing open under that handle, no such port, not in the set */
#define ERR_NOT_READY (-3) /* not accepted yet */
#define ERR_NO_MSG (-4)    /* no message waits, no connection is pending */
#define ERR_NO_MEMORY (-5) /* out of memory */
#define ERR_ALREADY_STARTED (-6)
#define ERR_NOT_VALID (-7) /* never from a call: the document's client example answers it itself */
#define ERR_INVALID_ARGS (-8)      /* wrong kind of handle, size, flag, id */
#define ERR_NOT_ENOUGH_BUFFER (-9) /* the peer's queue is full */
#define ERR_NOT_SUSPENDED (-10)
#define ERR_OBJECT_DESTROYED (-11)
#define ERR_NOT_BLOCKED (-12)
#define ERR_TIMED_OUT (-13)      /* nothing happened in time */
#define ERR_ALREADY_EXISTS (-14) /* the port's name is taken, the handle is in the set */
#define ERR_CHANNEL_CLOSED (-15) /* the peer is gone */
#define ERR_OFFLINE (-16)
#define ERR_NOT_ALLOWED (-17) /* this object cannot be sent */
#define ERR_BAD_PATH (-18)
#define ERR_ALREADY_MOUNTED (-19)
#define ERR_IO (-20)
#define ERR_NOT_DIR (-21)
#define ERR_NOT_FILE (-22)
#define ERR_RECURSE_TOO_DEEP (-23)
#define ERR_NOT_SUPPORTED (-24) /* not with this file descriptor */
#define ERR_TOO_BIG (-25)       /* more handles than a message carries */
#define ERR_CANCELLED (-26)     /* the GlobalPlatform call being served was cancelled */
#define ERR_NOT_IMPLEMENTED (-27)
#define ERR_CHECKSUM_FAIL (-28)
#define ERR_CRC_FAIL (-29)
#define ERR_CMD_UNKNOWN (-30)
#define ERR_BAD_STATE (-31)
#define ERR_BAD_LEN (-32)
#define ERR_BUSY (-33)
#define ERR_THREAD_DETACHED (-34)
#define ERR_I2C_NACK (-35)
#define ERR_ALREADY_EXPIRED (-36)
#define ERR_OUT_OF_RANGE (-37)
#define ERR_NOT_CONFIGURED (-38)
#define ERR_NOT_MOUNTED (-39)
#define ERR_FAULT (-40)         /* a pointer that may not be read or written */
#define ERR_NO_RESOURCES (-41)  /* the handle table is full */
#define ERR_BAD_HANDLE (-42)    /* a number outside the handle table */
#define ERR_ACCESS_DENIED (-43) /* the port does not let this client connect */

/* Numbers below this are the app's own. */
#define ERR_USER_BASE (-16384)

#endif

/*
 * The negative numbers that a system call answers. Where Trusty has a number for the case it is
 * that number (uapi/err.h of Trusty), so that the Trusty library passes it on unchanged.
 */
#ifndef POSTERN_ABI_ERROR_H
#define POSTERN_ABI_ERROR_H

#define SYS_OK 0
#define SYS_ERR_GENERIC (-1)
#define SYS_ERR_NOT_FOUND (-2)
#define SYS_ERR_NOT_READY (-3)
#define SYS_ERR_NO_MSG (-4)
#define SYS_ERR_NO_MEMORY (-5)
#define SYS_ERR_INVALID_ARGS (-8)
#define SYS_ERR_NOT_ENOUGH_BUFFER (-9)
#define SYS_ERR_TIMED_OUT (-13)
#define SYS_ERR_ALREADY_EXISTS (-14)
#define SYS_ERR_CHANNEL_CLOSED (-15)
#define SYS_ERR_NOT_ALLOWED (-17)
#define SYS_ERR_IO (-20)
#define SYS_ERR_NOT_SUPPORTED (-24)
#define SYS_ERR_TOO_BIG (-25)
#define SYS_ERR_CANCELLED (-26)
#define SYS_ERR_CMD_UNKNOWN (-30) /* no such system call */
#define SYS_ERR_BAD_STATE (-31)
#define SYS_ERR_BUSY (-33)
#define SYS_ERR_FAULT (-40)
#define SYS_ERR_NO_RESOURCES (-41)
#define SYS_ERR_BAD_HANDLE (-42)
#define SYS_ERR_ACCESS_DENIED (-43)

/* Connecting to an app by its UUID may also answer these (GlobalPlatform has a code for each). */
#define SYS_ERR_SECURITY (-101)   /* the signature does not verify, or its key is not trusted */
#define SYS_ERR_BAD_FORMAT (-102) /* the package is damaged or contradicts itself */
#define SYS_ERR_SESSION_MAXIMUM (-103) /* no more sessions or instances */
#define SYS_ERR_TARGET_DEAD (-104)     /* the app died */
#define SYS_ERR_COMMUNICATION (-105)   /* the normal world did not answer, or not sensibly */

#endif

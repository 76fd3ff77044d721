/*
 * The client of the Trusty document: sends 10,000 messages to the echo service and counts the
 * replies. It uses the API of trusted apps, so it is one. The normal world starts it by connecting
 * to its own port; every message there runs the test once and is answered by the result, an
 * int32_t: 0, or one of <uapi/err.h>.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <trusty_ipc.h>
#include <uapi/err.h>

#define OWN_PORT "com.postern.echo.client"

static const char *srv_name = "com.android.echo.srv.echo";

/* The document uses this function and does not show it: connects, and gives up after `timeout`
 * milliseconds. A channel's handle, or an error. */
static int sync_connect(const char *path, unsigned long timeout)
{
    uevent_t event;
    long chan = connect(path, IPC_CONNECT_ASYNC | IPC_CONNECT_WAIT_FOR_PORT);
    if (chan < 0) {
        return (int)chan;
    }
    long rc = wait((uint32_t)chan, &event, timeout);
    if (rc == NO_ERROR && (event.event & IPC_HANDLE_POLL_READY) == 0) {
        rc = ERR_CHANNEL_CLOSED;
    }
    if (rc != NO_ERROR) {
        close((uint32_t)chan);
        return (int)rc;
    }
    return (int)chan;
}

/* --- From here on as printed. --- */
/* clang-format off */

static int run_echo_test(void)
{
  int rc;
  handle_t chan;
  uevent_t uevt;
  uint8_t tx_buf[64];
  uint8_t rx_buf[64];
  ipc_msg_info_t inf;
  ipc_msg_t   tx_msg;
  iovec_t     tx_iov;
  ipc_msg_t   rx_msg;
  iovec_t     rx_iov;

  /* prepare tx message buffer */
  tx_iov.base = tx_buf;
  tx_iov.len  = sizeof(tx_buf);
  tx_msg.num_iov = 1;
  tx_msg.iov     = &tx_iov;
  tx_msg.num_handles = 0;
  tx_msg.handles = NULL;

  memset (tx_buf, 0x55, sizeof(tx_buf));

  /* prepare rx message buffer */
  rx_iov.base = rx_buf;
  rx_iov.len  = sizeof(rx_buf);
  rx_msg.num_iov = 1;
  rx_msg.iov     = &rx_iov;
  rx_msg.num_handles = 0;
  rx_msg.handles = NULL;

  /* open connection to echo service */
  rc = sync_connect(srv_name, 1000);
  if(rc < 0)
    return rc;

  /* got channel */
  chan = (handle_t)rc;

  /* send/receive 10000 messages asynchronously. */
  uint tx_cnt = 10000;
  uint rx_cnt = 10000;

  while (tx_cnt || rx_cnt) {
    /* send messages until all buffers are full */
while (tx_cnt) {
    rc = send_msg(chan, &tx_msg);
      if (rc == ERR_NOT_ENOUGH_BUFFER)
      break;  /* no more space */
    if (rc != 64) {
      if (rc > 0) {
        /* incomplete send */
        rc = ERR_NOT_VALID;
}
      goto abort_test;
}
    tx_cnt--;
  }

  /* wait for reply msg or room */
  rc = wait(chan, &uevt, 1000);
  if (rc != NO_ERROR)
    goto abort_test;

  /* drain all messages */
  while (rx_cnt) {
    /* get a reply */
      rc = get_msg(chan, &inf);
    if (rc == ERR_NO_MSG)
        break;  /* no more messages  */
  if (rc != NO_ERROR)
goto abort_test;

  /* read reply data */
    rc = read_msg(chan, inf.id, 0, &rx_msg);
  if (rc != 64) {
    /* unexpected reply length */
    rc = ERR_NOT_VALID;
    goto abort_test;
}

  /* discard reply */
  rc = put_msg(chan, inf.id);
  if (rc != NO_ERROR)
    goto abort_test;
  rx_cnt--;
  }
}

abort_test:
  close(chan);
  return rc;
}

/* clang-format on */
/* --- As printed up to here. --- */

/* Serves one connection until its client is gone. */
static void serve(handle_t chan)
{
    uevent_t event;
    while (wait((uint32_t)chan, &event, INFINITE_TIME) == NO_ERROR) {
        ipc_msg_info_t info;
        while (get_msg((uint32_t)chan, &info) == NO_ERROR) {
            put_msg((uint32_t)chan, info.id);
            int32_t result = run_echo_test();
            iovec_t iov = {.iov_base = &result, .iov_len = sizeof(result)};
            ipc_msg_t msg = {.num_iov = 1, .iov = &iov};
            if (send_msg((uint32_t)chan, &msg) < 0) {
                return;
            }
        }
        if ((event.event & IPC_HANDLE_POLL_HUP) != 0) {
            return;
        }
    }
}

int main(void)
{
    uevent_t event;
    uuid_t peer;
    long port = port_create(OWN_PORT, 1, sizeof(int32_t),
                            IPC_PORT_ALLOW_NS_CONNECT | IPC_PORT_ALLOW_TA_CONNECT);
    if (port < 0) {
        fprintf(stderr, "echo-client: cannot create %s (%ld)\n", OWN_PORT, port);
        return 1;
    }
    while (wait((uint32_t)port, &event, INFINITE_TIME) == NO_ERROR) {
        long chan = accept((uint32_t)port, &peer);
        if (chan >= 0) {
            serve((handle_t)chan);
            close((uint32_t)chan);
        }
    }
    return 1;
}

/* listener.h: the socket that connections come in by. Ours rather than libwebsockets', so
 * that a failure says why, and running out of descriptors does not spin. */
#ifndef HAIL_NODE_LISTENER_H
#define HAIL_NODE_LISTENER_H

#include <stddef.h>

struct err;

/* Binds and listens on "HOST:PORT" or "[V6]:PORT"; a host name is resolved, which may
 * take a while. Returns the descriptor, which does not block; -1 with class ERR_USAGE
 * when the text is no address, else ERR_IO. */
int listener_open(const char *address, struct err *e);

/* Writes "HOST:PORT" of the socket as it can be connected to; `into` holds at least 64
 * bytes. */
void listener_address(int fd, char *into, size_t size);

/* The next connection, which does not block and does not wait to fill packets
 * (TCP_NODELAY). -1 with errno: EAGAIN when there is none, EMFILE or ENFILE when there
 * are no descriptors left. */
int listener_accept(int fd);

#endif

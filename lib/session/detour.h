/* detour.h: places that connections go to instead of others (--connect-to). */
#ifndef HAIL_SESSION_DETOUR_H
#define HAIL_SESSION_DETOUR_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct detour {
	char from_host[256], to_host[256];
	uint16_t from_port, to_port;
};

struct detours {
	struct detour *list;
	size_t count;
};

/* Each text is "HOST:PORT:HOST2:PORT2", IPv6 in brackets. -1 with class ERR_USAGE or ERR_MEMORY;
 * *d is to be released then, too. */
int detours_take(struct detours *d, const char *const *texts, size_t count, struct err *e);
void detours_release(struct detours *d);

/* Replaces host and port when there is a detour for them; *host lives as long as *d. */
void detours_apply(const struct detours *d, const char **host, uint16_t *port);

#endif

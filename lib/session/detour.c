#include "lib/session/detour.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"

/* A host may go into the request to a proxy: nothing in it may end a line or a word there. */
static bool
is_host(const char *host)
{
	for (; *host != '\0'; host++)
		if (*host <= ' ' || *host >= 0x7f || strchr("/?#@\\[]", *host) != NULL)
			return false;
	return true;
}

/* "HOST:PORT" at *at, IPv6 in brackets; moves *at behind it and one colon. */
static bool
take_place(const char **at, char *host, uint16_t *port)
{
	size_t len = **at == '[' ? strcspn(*at, "]") + 1 : strcspn(*at, ":");
	unsigned long number;
	char *end;

	if (len == 0 || len > strlen(*at) || len >= 256 || (*at)[len] != ':')
		return false;
	if (**at == '[')
		snprintf(host, 256, "%.*s", (int)len - 2, *at + 1);
	else
		snprintf(host, 256, "%.*s", (int)len, *at);
	*at += len + 1;
	number = strtoul(*at, &end, 10);
	if (end == *at || number == 0 || number > 65535 || (*end != ':' && *end != '\0'))
		return false;
	*port = (uint16_t)number;
	*at = *end == ':' ? end + 1 : end;
	return is_host(host);
}

int
detours_take(struct detours *d, const char *const *texts, size_t count, struct err *e)
{
	*d = (struct detours){.list = calloc(count + 1, sizeof *d->list)};
	if (d->list == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for the options of a client");
	for (; d->count < count; d->count++) {
		struct detour *one = &d->list[d->count];
		const char *at = texts[d->count];

		if (!take_place(&at, one->from_host, &one->from_port) ||
		    !take_place(&at, one->to_host, &one->to_port) || *at != '\0')
			return err_set(e, ERR_USAGE, 0, "--connect-to: '%.150s' is not "
			    "HOST:PORT:HOST2:PORT2", texts[d->count]);
	}
	return 0;
}

void
detours_release(struct detours *d)
{
	free(d->list);
	*d = (struct detours){0};
}

void
detours_apply(const struct detours *d, const char **host, uint16_t *port)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->list[i].from_port == *port && strcasecmp(d->list[i].from_host, *host) == 0) {
			*host = d->list[i].to_host;
			*port = d->list[i].to_port;
			return;
		}
}

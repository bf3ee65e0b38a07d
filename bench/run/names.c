#include "bench/run/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "bench/plan/plan.h"
#include "lib/base/err.h"
#include "lib/session/client.h"

enum { TARGET_MAX = 16384 };

/* The token in a line of a head (RFC 6750, 2.1); NULL: the line is another one. */
static const char *
token_in(const char *line)
{
	static const char field[] = "Authorization:", scheme[] = "Bearer ";

	if (strncasecmp(line, field, sizeof field - 1) != 0)
		return NULL;
	line += sizeof field - 1;
	line += strspn(line, " \t");
	if (strncasecmp(line, scheme, sizeof scheme - 1) != 0)
		return NULL;
	line += sizeof scheme - 1;
	return line + strspn(line, " ");
}

static const char *
token_of(const struct client_target *t, const char *line)
{
	const char *token = line != NULL ? token_in(line) : NULL;

	for (size_t i = 0; i < t->peer.header_count && token == NULL; i++)
		token = token_in(t->peer.headers[i]);
	return token != NULL ? token : "";
}

int
names_make(struct names *n, const struct plan *p, const struct client *c,
    const struct client_target *t, uint64_t index, struct err *e)
{
	struct err why = {0};

	n->line = client_token_line(c, index, time(NULL), &why);
	if (why.class != ERR_NONE) {
		*e = why;
		return -1;
	}
	n->index = index;
	buf_init(&n->path, TARGET_MAX);
	snprintf(n->topic, sizeof n->topic, "hail-%llu",
	    (unsigned long long)plan_topic_of(p, index));
	snprintf(n->conn, sizeof n->conn, "%llu", (unsigned long long)index);
	n->values = (struct template_values){.topic = n->topic, .conn = n->conn,
	    .node = t->authority, .token = token_of(t, n->line)};
	return 0;
}

void
names_release(struct names *n)
{
	free(n->line);
	n->line = NULL;
	buf_release(&n->path);
}

int
names_place(struct names *n, const struct client *c, const char *template,
    struct place *place, struct err *e)
{
	if (template_expand(&n->path, template, &n->values) != 0 ||
	    buf_add(&n->path, "", 1) != 0)
		return err_set(e, ERR_LIMIT, 0, "the path exceeds %d bytes", TARGET_MAX);
	*place = client_place(c, n->index, (const char *)n->path.data);
	place->headers = (const char *const *)&n->line;
	place->header_count = n->line != NULL;
	return 0;
}

/* template.h: texts with names in braces, by which connections, topics and messages differ.
 * Pure. */
#ifndef HAIL_PLAN_TEMPLATE_H
#define HAIL_PLAN_TEMPLATE_H

struct buf;
struct err;

/* What a template's names stand for; NULL: the name is not known here. */
struct template_values {
	const char *topic, *conn, *node, *token, *stamp;
};

/* Which names a template may have beside {topic}, {conn}, {node} and {token}. */
enum template_kind {
	TEMPLATE_PLAIN,
	TEMPLATE_PUBLISH,        /* {stamp} */
	TEMPLATE_POLL,           /* {last_id}, {wait}, {wait_ms} */
};

/* Checks that every {name} is known. -1 with class ERR_USAGE naming it and `what` holds it. */
int template_check(const char *text, const char *what, enum template_kind kind, struct err *e);

/* Appends the text with its names replaced. A brace that begins no known name stays as it is,
 * so that JSON needs no escapes, and so do the names that a poll fills in. -1: buf full. */
int template_expand(struct buf *into, const char *text, const struct template_values *values);

#endif

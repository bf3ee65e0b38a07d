#include "lib/script/inbox.h"

#include <stdlib.h>
#include <string.h>

static size_t
size_of(const struct mail *m)
{
	return sizeof *m + m->data.len + m->event.len + m->id.len;
}

void
inbox_drop(struct inbox *b, struct mail *before)
{
	struct mail *m = before != NULL ? before->next : b->first;

	if (before != NULL)
		before->next = m->next;
	else
		b->first = m->next;
	if (b->last == m)
		b->last = before;
	b->count--;
	b->bytes -= size_of(m);
	free(m);
}

void
inbox_clear(struct inbox *b)
{
	while (b->first != NULL)
		inbox_drop(b, NULL);
}

static bool
is_full(const struct inbox *b, size_t len)
{
	return b->count >= INBOX_MESSAGES || len > INBOX_BYTES - b->bytes;
}

static struct slice
keep(char **at, const void *data, size_t len)
{
	struct slice kept = {*at, len};

	if (len > 0)
		memcpy(*at, data, len);
	*at += len;
	return kept;
}

static struct mail *
copy(const struct message *m, size_t len)
{
	struct mail *mail = malloc(sizeof *mail + len);
	char *at = (char *)(mail + 1);

	if (mail == NULL)
		return NULL;
	*mail = (struct mail){.at = m->at, .kind = m->kind};
	mail->data = keep(&at, m->data, m->len);
	mail->event = keep(&at, m->event.data, m->event.len);
	mail->id = keep(&at, m->id.data, m->id.len);
	if (m->event.data == NULL)
		mail->event.data = NULL;
	if (m->id.len == 0)
		mail->id.data = NULL;
	return mail;
}

int
inbox_add(struct inbox *b, const struct message *m, bool passed, bool *forgot)
{
	size_t len = m->len + m->event.len + m->id.len;
	struct mail *mail;

	*forgot = false;
	while (is_full(b, sizeof *mail + len) && b->first != NULL && b->first->passed) {
		inbox_drop(b, NULL);
		*forgot = true;
	}
	if (is_full(b, sizeof *mail + len) || (mail = copy(m, len)) == NULL)
		return -1;
	mail->passed = passed;
	if (b->last != NULL)
		b->last->next = mail;
	else
		b->first = mail;
	b->last = mail;
	b->count++;
	b->bytes += size_of(mail);
	return 0;
}

#include "lib/session/cookies.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/url.h"
#include "lib/codec/http_head.h"
#include "lib/session/cookie_date.h"

struct cookie {
	char *name, *value, *domain, *path;
	bool host_only, secure;
	int64_t expires;             /* seconds since 1970; INT64_MAX: with the process */
};

/* In order of creation, the oldest first. */
struct cookies {
	struct cookie *list;
	size_t count, cap;
};

/* A Set-Cookie as it stands (RFC 6265, 5.2). */
struct parsed {
	struct slice name, value, domain, path;
	bool secure;
	int64_t expires;
};

struct cookies *
cookies_new(void)
{
	return calloc(1, sizeof(struct cookies));
}

static void
release(struct cookie *c)
{
	free(c->name);
	free(c->value);
	free(c->domain);
	free(c->path);
}

static void
drop(struct cookies *c, size_t i)
{
	release(&c->list[i]);
	c->count--;
	memmove(&c->list[i], &c->list[i + 1], (c->count - i) * sizeof *c->list);
}

void
cookies_free(struct cookies *c)
{
	if (c == NULL)
		return;
	while (c->count > 0)
		drop(c, c->count - 1);
	free(c->list);
	free(c);
}

size_t
cookies_count(const struct cookies *c)
{
	return c->count;
}

/* --- matching ---------------------------------------------------------------------------- */

static bool
is_address(const char *host)
{
	unsigned char address[16];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* RFC 6265, 5.1.3. */
static bool
domain_matches(const char *host, struct slice domain)
{
	size_t len = strlen(host);

	if (slice_eq_nocase(domain, host))
		return true;
	return len > domain.len && host[len - domain.len - 1] == '.' && !is_address(host) &&
	    slice_eq_nocase(domain, host + len - domain.len);
}

/* RFC 6265, 5.1.4. */
static bool
path_matches(struct slice path, const char *cookie_path)
{
	size_t len = strlen(cookie_path);

	if (path.len < len || memcmp(path.data, cookie_path, len) != 0)
		return false;
	return path.len == len || cookie_path[len - 1] == '/' || path.data[len] == '/';
}

static struct slice
path_of(const struct url *u)
{
	return (struct slice){u->target, strcspn(u->target, "?")};
}

/* RFC 6265, 5.1.4: up to the last '/', without it. */
static struct slice
default_path(const struct url *u)
{
	struct slice path = path_of(u);
	const char *last = memrchr(path.data, '/', path.len);

	return last == NULL || last == path.data ? slice_of("/") :
	    (struct slice){path.data, (size_t)(last - path.data)};
}

/* --- taking ------------------------------------------------------------------------------ */

static bool
is_clean(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
			return false;
	return true;
}

/* RFC 6265, 5.2.2: digits, perhaps with '-' before them; what is none is passed over. */
static bool
take_max_age(struct slice text, int64_t now, int64_t *expires)
{
	bool negative = text.len > 0 && *text.data == '-';
	int64_t seconds = 0;

	for (size_t i = negative; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		if (seconds < INT32_MAX)
			seconds = seconds * 10 + (text.data[i] - '0');
	}
	if (text.len == (size_t)negative)
		return false;
	*expires = negative || seconds == 0 ? INT64_MIN : now + seconds;
	return true;
}

static bool
parse(struct parsed *p, struct slice text, int64_t now)
{
	struct slice pair = slice_cut(&text, ';');
	bool max_age = false;
	int64_t date;

	p->value = pair;
	p->name = slice_trim(slice_cut(&p->value, '='));
	if (p->name.len == 0 || p->value.data == NULL)
		return false;
	p->value = slice_trim(p->value);
	p->expires = INT64_MAX;
	while (text.data != NULL) {
		struct slice value = slice_cut(&text, ';');
		struct slice name = slice_trim(slice_cut(&value, '='));

		value = slice_trim(value);
		if (slice_eq_nocase(name, "secure"))
			p->secure = true;
		else if (slice_eq_nocase(name, "path"))
			p->path = value;
		else if (slice_eq_nocase(name, "domain"))
			p->domain = value;
		else if (slice_eq_nocase(name, "max-age"))
			max_age = take_max_age(value, now, &p->expires) || max_age;
		else if (slice_eq_nocase(name, "expires") && !max_age &&
		    cookie_date_parse(value, &date) == 0)
			p->expires = date;
	}
	if (p->domain.len > 0 && *p->domain.data == '.')
		p->domain = (struct slice){p->domain.data + 1, p->domain.len - 1};
	return is_clean(p->name) && is_clean(p->value) && is_clean(p->path) &&
	    is_clean(p->domain) && p->name.len + p->value.len <= COOKIE_BYTES_MAX &&
	    p->path.len <= COOKIE_BYTES_MAX;
}

static char *
copy(struct slice text)
{
	return strndup(text.len > 0 ? text.data : "", text.len);
}

/* RFC 6265, 5.3, 4 to 7. A domain without a dot would be every host's of a country. */
static bool
make(struct cookie *c, const struct parsed *p, const struct url *from)
{
	bool same = p->domain.len == 0 || slice_eq_nocase(p->domain, from->host);

	if (!same && (memchr(p->domain.data, '.', p->domain.len) == NULL ||
	    !domain_matches(from->host, p->domain)))
		return false;
	c->host_only = p->domain.len == 0 || (same && is_address(from->host));
	c->secure = p->secure;
	c->expires = p->expires;
	c->name = copy(p->name);
	c->value = copy(p->value);
	c->domain = copy(same ? slice_of(from->host) : p->domain);
	c->path = copy(p->path.len > 0 && *p->path.data == '/' ? p->path : default_path(from));
	if (c->name != NULL && c->value != NULL && c->domain != NULL && c->path != NULL)
		return true;
	release(c);
	return false;
}

static bool
is_same(const struct cookie *a, const struct cookie *b)
{
	return strcmp(a->name, b->name) == 0 && strcasecmp(a->domain, b->domain) == 0 &&
	    strcmp(a->path, b->path) == 0;
}

static void
drop_expired(struct cookies *c, int64_t now)
{
	for (size_t i = c->count; i-- > 0;)
		if (c->list[i].expires <= now)
			drop(c, i);
}

/* Most servers set none, or a few. */
static bool
make_room(struct cookies *c)
{
	size_t cap = c->cap > 0 ? 2 * c->cap : 2;
	struct cookie *grown;

	if (c->count < c->cap)
		return true;
	grown = realloc(c->list, cap * sizeof *grown);
	if (grown == NULL)
		return false;
	c->list = grown;
	c->cap = cap;
	return true;
}

/* RFC 6265, 5.3, 11 and 12: one that replaces another keeps its place in the order. */
static void
keep(struct cookies *c, struct cookie *new, int64_t now)
{
	for (size_t i = 0; i < c->count; i++)
		if (is_same(&c->list[i], new)) {
			release(&c->list[i]);
			c->list[i] = *new;
			drop_expired(c, now);
			return;
		}
	drop_expired(c, now);
	if (new->expires <= now) {
		release(new);
		return;
	}
	if (c->count == COOKIES_MAX)
		drop(c, 0);
	if (make_room(c))
		c->list[c->count++] = *new;
	else
		release(new);
}

void
cookies_take(struct cookies *c, const struct http_head *head, const struct url *from,
    int64_t now)
{
	for (size_t i = 0; i < head->count; i++) {
		struct parsed p = {0};
		struct cookie new = {0};

		if (slice_eq_nocase(head->fields[i].name, "set-cookie") &&
		    parse(&p, head->fields[i].value, now) && make(&new, &p, from))
			keep(c, &new, now);
	}
}

/* --- giving ------------------------------------------------------------------------------ */

static bool
goes_to(const struct cookie *c, const struct url *to, int64_t now)
{
	return c->expires > now && (!c->secure || url_is_secure(to)) &&
	    (c->host_only ? strcasecmp(c->domain, to->host) == 0 :
	    domain_matches(to->host, slice_of(c->domain))) &&
	    path_matches(path_of(to), c->path);
}

/* Longer paths first, then older cookies; qsort would not keep the latter. */
static size_t
choose(const struct cookies *c, const struct url *to, int64_t now, const struct cookie **chosen)
{
	size_t count = 0, at;

	for (size_t i = 0; i < c->count; i++) {
		const struct cookie *one = &c->list[i];

		if (!goes_to(one, to, now))
			continue;
		for (at = count++; at > 0 && strlen(chosen[at - 1]->path) < strlen(one->path); at--)
			chosen[at] = chosen[at - 1];
		chosen[at] = one;
	}
	return count;
}

int
cookies_write(struct cookies *c, const struct url *to, int64_t now, struct buf *into)
{
	const struct cookie *chosen[COOKIES_MAX];
	size_t count = choose(c, to, now, chosen), start = into->len;
	int result = 0;

	for (size_t i = 0; i < count; i++)
		if (buf_addf(into, "%s%s=%s", into->len > start ? "; " : "", chosen[i]->name,
		    chosen[i]->value) != 0)
			result = -1;
	return result;
}

#include "cli/record_open.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/opt.h"
#include "cli/record_text.h"
#include "lib/base/slice.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { VARIABLE = 64 };                  /* bytes of a variable's name */

/* How an option stands in a script; most do under their own name. */
enum manner {
	AS_GIVEN,
	AT_HOME,                 /* not where redirects to another origin led to */
	AS_VARIABLE,             /* a secret, and at home only */
	AS_LIMIT,                /* `within` */
	LEFT_OUT,
};

static const struct {
	const char *name;
	enum manner manner;
} manners[] = {
	{"user", AS_VARIABLE}, {"bearer", AS_VARIABLE}, {"jwt-secret", AS_VARIABLE},
	{"cookie", AS_VARIABLE}, {"jwt-claim", AT_HOME}, {"cert", AT_HOME}, {"key", AT_HOME},
	{"key-passphrase", AT_HOME}, {"servername", AT_HOME}, {"timeout", AS_LIMIT},
	{"transport", LEFT_OUT},         /* a word of its own */
	{"location", LEFT_OUT},          /* the URL is where they led to */
	{"reconnect", LEFT_OUT},         /* each attempt has its line */
	{"backoff", LEFT_OUT},
};

/* One option as it will stand there. */
struct setting {
	const char *name;
	enum manner manner;
	struct slice front;      /* what of the value is no secret */
	struct slice value;      /* the rest of it; data NULL: it takes none */
	char variable[VARIABLE]; /* in place of `value` */
};

/* --- secrets ----------------------------------------------------------------------------- */

/* Whether it stands in the name; `word`: and no letter behind it. */
static bool
contains(struct slice name, const char *part, bool word)
{
	size_t n = strlen(part);

	for (size_t at = 0; at + n <= name.len; at++)
		if (strncasecmp(name.data + at, part, n) == 0 && !(word && at + n < name.len &&
		    isalpha((unsigned char)name.data[at + n])))
			return true;
	return false;
}

/* Whether what is called so should not be written down. */
static bool
is_secret_name(struct slice name)
{
	static const char *const parts[] = {"authoriz", "authent", "cookie", "token", "secret",
	    "passw", "pwd", "credential", "apikey", "jwt", "signature", "session", "ticket"};
	static const char *const words[] = {"auth", "key", "sig", "sid"};

	for (size_t i = 0; i < COUNT(parts); i++)
		if (contains(name, parts[i], false))
			return true;
	for (size_t i = 0; i < COUNT(words); i++)
		if (contains(name, words[i], true))
			return true;
	return (name.len > 6 && strncasecmp(name.data, "Proxy-", 6) == 0);
}

/* "X-Api-Key" → "x_api_key" */
static void
name_variable(char *into, const char *front, struct slice name)
{
	bool digit = name.len > 0 && isdigit((unsigned char)name.data[0]);
	size_t n = (size_t)snprintf(into, VARIABLE / 2, "%s%s", front, digit ? "_" : "");

	for (size_t i = 0; i < name.len && n < VARIABLE - 4; i++)
		into[n++] = (char)(isalnum((unsigned char)name.data[i]) ?
		    tolower((unsigned char)name.data[i]) : '_');
	into[n] = '\0';
}

/* --- options ----------------------------------------------------------------------------- */

static enum manner
manner_of(const struct record_params *p, const char *name)
{
	for (size_t i = 0; i < COUNT(manners); i++)
		if (strcmp(manners[i].name, name) == 0)
			return manners[i].manner;
	return p->takes(name) ? AS_GIVEN : LEFT_OUT;
}

/* Whether another one further behind takes its place. */
static bool
is_overridden(const struct record_params *p, size_t index)
{
	const struct opt *row = p->uses[index].row;

	for (size_t i = index + 1; i < p->use_count && row->type != OPT_LIST; i++)
		if (p->uses[i].row->into == row->into)
			return true;
	return false;
}

static struct slice
query_of(const char *url)
{
	struct slice query = slice_of(url);

	slice_cut(&query, '?');
	return query;
}

/* The next parameter of a query that has a secret; *query is what stands behind it then. */
static bool
next_secret(struct slice *query, struct slice *name, struct slice *value)
{
	while (query->data != NULL) {
		*value = slice_cut(query, '&');
		*name = slice_cut(value, '=');
		if (value->len > 0 && is_secret_name(*name))
			return true;
	}
	return false;
}

/* Whether the query of a URL within the text has one. */
static bool
has_secret(const char *text)
{
	struct slice query = query_of(text), name, value;

	return next_secret(&query, &name, &value);
}

static void
describe_header(struct setting *s)
{
	size_t front = strcspn(s->value.data, ":");
	struct slice name = slice_trim((struct slice){s->value.data, front});

	if (slice_eq_nocase(name, "Host"))
		s->manner = AT_HOME;
	if (!is_secret_name(name) && !has_secret(s->value.data))
		return;
	s->manner = AS_VARIABLE;
	front += strspn(s->value.data + front, ": ");
	s->front = (struct slice){s->value.data, front};
	s->value = slice_of(s->value.data + front);
	name_variable(s->variable, "", name);
}

/* A proxy may have a password in its URL, and what is published to a token. */
static void
describe_value(struct setting *s)
{
	if (s->value.data != NULL && strcmp(s->name, "header") == 0)
		describe_header(s);
	else if (s->value.data != NULL && strcmp(s->name, "proxy") == 0 &&
	    strchr(s->value.data, '@') != NULL)
		s->manner = AS_VARIABLE;
	else if (s->value.data != NULL && strcmp(s->name, "publish") == 0 &&
	    has_secret(s->value.data))
		s->manner = AS_VARIABLE;
	if (s->manner == AS_VARIABLE && s->variable[0] == '\0')
		name_variable(s->variable, "", slice_of(s->name));
}

static struct setting
describe(const struct record_params *p, size_t index)
{
	const struct opt_use *use = &p->uses[index];
	struct setting s = {.name = use->row->name, .manner = manner_of(p, use->row->name)};

	if (use->value != NULL)
		s.value = slice_of(use->value);
	if (is_overridden(p, index))
		s.manner = LEFT_OUT;
	if (s.manner != LEFT_OUT)
		describe_value(&s);
	return s;
}

/* A second variable of the same name has a number. */
static void
number_variable(const struct record_params *p, size_t index, struct setting *s)
{
	unsigned before = 0;
	size_t n = strlen(s->variable);

	for (size_t i = 0; i < index; i++) {
		struct setting other = describe(p, i);

		before += other.manner == AS_VARIABLE && strcmp(other.variable, s->variable) == 0;
	}
	if (before > 0)
		snprintf(s->variable + n, VARIABLE - n, "_%u", before + 1);
}

/* The setting that an option comes to at this place; false: none. */
static bool
setting_of(const struct record_params *p, size_t index, const struct record_place *place,
    struct setting *s)
{
	*s = describe(p, index);
	if (s->manner == LEFT_OUT || (place->foreign && (s->manner == AS_VARIABLE ||
	    s->manner == AT_HOME)))
		return false;
	if (s->manner == AS_VARIABLE)
		number_variable(p, index, s);
	return true;
}

/* Whether the user of the URL is what authorizes: all else comes before that. */
static bool
needs_user(const struct record_params *p, const struct record_place *place)
{
	struct setting s;

	for (size_t i = 0; i < p->use_count; i++) {
		s = describe(p, i);
		if (s.manner == AS_VARIABLE && (strcmp(s.name, "cookie") != 0 &&
		    strcmp(s.name, "proxy") != 0 && (strcmp(s.name, "header") != 0 ||
		    strcmp(s.variable, "authorization") == 0)))
			return false;
	}
	return p->user && !place->foreign;
}

/* --- the URL ----------------------------------------------------------------------------- */

static void
put_url(FILE *f, const char *url)
{
	struct slice query = query_of(url), name, value;
	const char *at = url;
	char variable[VARIABLE];

	if (!next_secret(&query, &name, &value)) {
		record_put_word(f, slice_of(url));
		return;
	}
	fputc('"', f);
	do {
		name_variable(variable, "url_", name);
		record_put_text(f, (struct slice){at, (size_t)(value.data - at)});
		fprintf(f, "{%s}", variable);
		at = value.data + value.len;
	} while (next_secret(&query, &name, &value));
	record_put_text(f, slice_of(at));
	fputc('"', f);
}

/* --- lines ------------------------------------------------------------------------------- */

static void
put_variable(FILE *f, bool *first, const char *name, struct slice value)
{
	bool file = value.len > 1 && value.data[0] == '@';

	fprintf(f, "%s -D %s=", *first ? "# run with" : "", name);
	*first = false;
	if (file)
		record_put_word(f, value);
	else
		fputs("…", f);
}

void
record_put_variables(FILE *f, const struct record_params *p, const struct record_place *place)
{
	struct slice query = query_of(place->url), name, value, none = {NULL, 0};
	char variable[VARIABLE];
	struct setting s;
	bool first = true;

	while (next_secret(&query, &name, &value)) {
		name_variable(variable, "url_", name);
		put_variable(f, &first, variable, none);
	}
	for (size_t i = 0; i < p->use_count; i++)
		if (setting_of(p, i, place, &s) && s.manner == AS_VARIABLE)
			put_variable(f, &first, s.variable, s.front.len > 0 ? none : s.value);
	if (needs_user(p, place))
		put_variable(f, &first, "user", none);
	if (!first)
		fputc('\n', f);
}

/* A script wants the unit that the command line can do without. */
static void
put_value(FILE *f, const struct opt *row, struct slice value)
{
	bool bare = row->type == OPT_DURATION && value.len > 0 &&
	    isdigit((unsigned char)value.data[value.len - 1]);

	record_put_word(f, value);
	if (bare)
		fputc('s', f);
}

static void
put_setting(FILE *f, const struct opt *row, const struct setting *s)
{
	fprintf(f, " %s", s->name);
	if (s->value.data == NULL)
		return;
	fputc(' ', f);
	if (s->manner != AS_VARIABLE) {
		put_value(f, row, s->value);
	} else if (s->front.len == 0) {
		fprintf(f, "{%s}", s->variable);
	} else {
		fputc('"', f);
		record_put_text(f, s->front);
		fprintf(f, "{%s}\"", s->variable);
	}
}

/* The clause that stands behind all options. */
static void
put_limit(FILE *f, const struct record_params *p)
{
	for (size_t i = 0; i < p->use_count; i++)
		if (describe(p, i).manner == AS_LIMIT) {
			fputs(" within ", f);
			put_value(f, p->uses[i].row, slice_of(p->uses[i].value));
		}
}

void
record_put_open(FILE *f, const struct record_params *p, const struct record_place *place)
{
	struct setting s;

	fprintf(f, "open a %s%s", p->transport != NULL ? p->transport : "",
	    p->transport != NULL ? " " : "");
	put_url(f, place->url);
	for (size_t i = 0; i < p->use_count; i++)
		if (setting_of(p, i, place, &s) && s.manner != AS_LIMIT)
			put_setting(f, p->uses[i].row, &s);
	if (needs_user(p, place))
		fputs(" user {user}", f);
	put_limit(f, p);
	fputc('\n', f);
}

void
record_put_resume(FILE *f, const struct record_params *p)
{
	fputs("a resume", f);
	put_limit(f, p);
	fputc('\n', f);
}

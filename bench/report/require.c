#include "bench/report/require.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/document.h"
#include "bench/report/figure.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/units.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* --- what is known -------------------------------------------------------------------- */

struct place {
	const char *path;
	enum require_unit unit;
	const char *whole;       /* "lost<1%" is a share of this; NULL: percent makes no sense */
};

static const char requested[] = "connections.requested", scheduled[] = "messages.scheduled",
    expected[] = "delivery.expected";

static const struct place values[] = {
	{"connections.requested", REQUIRE_COUNT, NULL},
	{"connections.opened", REQUIRE_COUNT, requested},
	{"connections.failed", REQUIRE_COUNT, requested},
	{"connections.dropped", REQUIRE_COUNT, requested},
	{"connections.peak", REQUIRE_COUNT, requested},
	{"connections.open_per_s", REQUIRE_RATE, NULL},
	{"messages.scheduled", REQUIRE_COUNT, NULL},
	{"messages.sent", REQUIRE_COUNT, scheduled},
	{"messages.received", REQUIRE_COUNT, NULL},
	{"messages.foreign", REQUIRE_COUNT, NULL},
	{"messages.stray", REQUIRE_COUNT, NULL},
	{"messages.unstamped", REQUIRE_COUNT, NULL},
	{"messages.sent_per_s", REQUIRE_RATE, NULL},
	{"messages.received_per_s", REQUIRE_RATE, NULL},
	{"bytes.sent", REQUIRE_SIZE, NULL},
	{"bytes.received", REQUIRE_SIZE, NULL},
	{"bytes.per_delivery", REQUIRE_SIZE, NULL},
	{"delivery.expected", REQUIRE_COUNT, NULL},
	{"delivery.delivered", REQUIRE_COUNT, expected},
	{"delivery.lost", REQUIRE_COUNT, expected},
	{"delivery.duplicate", REQUIRE_COUNT, expected},
	{"delivery.reordered", REQUIRE_COUNT, expected},
	{"delivery.late", REQUIRE_COUNT, expected},
	{"delivery.missed_while_away", REQUIRE_COUNT, expected},
	{"delivery.recovered", REQUIRE_COUNT, expected},
	{"delivery.lost_for_good", REQUIRE_COUNT, expected},
	{"rig.workers", REQUIRE_COUNT, NULL},
	{"rig.cpu_pct", REQUIRE_PERCENT, NULL},
	{"rig.cpu_s.opening", REQUIRE_SECONDS, NULL},
	{"rig.cpu_s.loading", REQUIRE_SECONDS, NULL},
	{"rig.cpu_s.closing", REQUIRE_SECONDS, NULL},
	{"rig.cpu_us_per_message", REQUIRE_US, NULL},
	{"rig.cpu_us_per_connection", REQUIRE_US, NULL},
	{"rig.rss_bytes", REQUIRE_SIZE, NULL},
	{"rig.bytes_per_connection", REQUIRE_SIZE, NULL},
	{"rig.backlog_peak_bytes", REQUIRE_SIZE, NULL},
	{"rig.send_refused", REQUIRE_COUNT, scheduled},
	{"rig.unsent_down", REQUIRE_COUNT, scheduled},
};

static const char *const dists[] = {
	"latency_ms.delivery", "latency_ms.delivery_uncorrected", "latency_ms.complete",
	"latency_ms.rtt", "latency_ms.rtt_uncorrected", "latency_ms.ping",
	"connections.phases_ms.resolve", "connections.phases_ms.connect",
	"connections.phases_ms.tls", "connections.phases_ms.upgrade",
	"connections.phases_ms.total", "rig.loop_lag_ms", "rig.schedule_lag_ms",
};

/* Alone, all but the last mean the latency that the workload measures. */
static const char *const fields[] = {"p50", "p90", "p99", "p999", "max", "mean", "min", "count"};

enum { LATENCY_FIELDS = 7 };

/* Ends of several paths that mean one of them when they stand alone. */
static const struct {
	const char *name, *path;
} preferred[] = {
	{"sent", "messages.sent"},
	{"received", "messages.received"},
};

static const char errors_path[] = "connections.errors.";

/* The i-th of all known paths, into r->path, unit and whole; false after the last. */
static bool
known_path(size_t i, struct require *r)
{
	const size_t dist_paths = COUNT_OF(dists) * COUNT_OF(fields);

	r->whole[0] = '\0';
	if (i < COUNT_OF(values)) {
		snprintf(r->path, sizeof r->path, "%s", values[i].path);
		if (values[i].whole != NULL)
			snprintf(r->whole, sizeof r->whole, "%s", values[i].whole);
		r->unit = values[i].unit;
		return true;
	}
	i -= COUNT_OF(values);
	if (i < dist_paths) {
		const char *field = fields[i % COUNT_OF(fields)];

		snprintf(r->path, sizeof r->path, "%s.%s", dists[i / COUNT_OF(fields)], field);
		r->unit = strcmp(field, "count") == 0 ? REQUIRE_COUNT : REQUIRE_MS;
		return true;
	}
	i -= dist_paths;
	if (i + ERR_NONE + 1 >= ERR_CLASSES)
		return false;
	snprintf(r->path, sizeof r->path, "%s%s", errors_path,
	    err_class_name((enum err_class)(i + ERR_NONE + 1)));
	snprintf(r->whole, sizeof r->whole, "%s", requested);
	r->unit = REQUIRE_COUNT;
	return true;
}

/* --- names ---------------------------------------------------------------------------- */

/* Whether `name` is all of `path`, or what follows one of its dots. */
static bool
ends_path(const char *path, const char *name)
{
	size_t path_len = strlen(path), len = strlen(name);

	return len <= path_len && strcmp(path + path_len - len, name) == 0 &&
	    (len == path_len || path[path_len - len - 1] == '.');
}

/* How many letters differ, at least; bounded by the longest path. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[REQUIRE_PATH + 1], len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= len; j++) {
			size_t best = corner + (a[i] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

/* The known path that `name` resembles most: as a whole, or its end. */
static void
nearest(const char *name, char *into, size_t size)
{
	struct require known = {0};
	size_t least = SIZE_MAX;

	for (size_t i = 0; known_path(i, &known); i++)
		for (const char *end = known.path; end != NULL;) {
			size_t d = distance(name, end);

			if (d < least) {
				least = d;
				snprintf(into, size, "%s", known.path);
			}
			end = strchr(end, '.');
			end = end != NULL ? end + 1 : NULL;
		}
}

static bool
take_short_name(struct require *r, const char *name)
{
	for (size_t i = 0; i < LATENCY_FIELDS; i++)
		if (strcmp(name, fields[i]) == 0) {
			snprintf(r->path, sizeof r->path, "%s", fields[i]);
			r->unit = REQUIRE_MS;
			r->by_workload = true;
			return true;
		}
	return false;
}

/* Fills in path, unit and whole. -1 with the reason in e->text. */
static int
take_name(struct require *r, const char *name, struct err *e)
{
	struct require known = {0};
	char first[REQUIRE_PATH] = "";

	if (take_short_name(r, name))
		return 0;
	for (size_t i = 0; i < COUNT_OF(preferred); i++)
		if (strcmp(name, preferred[i].name) == 0)
			name = preferred[i].path;
	for (size_t i = 0; known_path(i, &known); i++) {
		if (!ends_path(known.path, name))
			continue;
		if (first[0] != '\0')
			return err_set(e, ERR_USAGE, 0, "'%s' may be %s or %s", name, first,
			    known.path);
		snprintf(first, sizeof first, "%s", known.path);
		memcpy(r->path, known.path, sizeof r->path);
		memcpy(r->whole, known.whole, sizeof r->whole);
		r->unit = known.unit;
	}
	if (first[0] != '\0')
		return 0;
	nearest(name, first, sizeof first);
	return err_set(e, ERR_USAGE, 0,
	    "'%.40s' is not known, the nearest is %s; short names are"
	    " p99, max, lost, late, failed, sent, ...",
	    name, first);
}

/* --- values --------------------------------------------------------------------------- */

static bool
is_bare(const char *text, size_t len)
{
	return isdigit((unsigned char)text[0]) && strspn(text, "0123456789.") >= len;
}

static int
take_duration(struct require *r, const char *text, double ns_per_unit, struct err *e)
{
	uint64_t ns;

	if (units_duration(text, &ns, e) != 0)
		return -1;
	r->value = (double)ns / ns_per_unit;
	return 0;
}

/* A bare number is in the path's own unit. */
static int
take_value(struct require *r, const char *text, struct err *e)
{
	size_t len = strlen(text);
	bool percent = len > 1 && text[len - 1] == '%' && is_bare(text, len - 1);
	uint64_t whole;

	if (percent && r->unit != REQUIRE_PERCENT && r->whole[0] == '\0')
		return err_set(e, ERR_USAGE, 0, "%s has no percentage", r->path);
	if (percent) {
		r->unit = REQUIRE_PERCENT;
		r->value = strtod(text, NULL);
		return 0;
	}
	r->whole[0] = '\0';
	if (is_bare(text, len)) {
		r->value = strtod(text, NULL);
		return 0;
	}
	switch (r->unit) {
	case REQUIRE_MS:
		return take_duration(r, text, (double)NS_PER_MS, e);
	case REQUIRE_US:
		return take_duration(r, text, (double)NS_PER_US, e);
	case REQUIRE_SECONDS:
		return take_duration(r, text, (double)NS_PER_S, e);
	case REQUIRE_RATE:
		return units_rate(text, &r->value, e);
	case REQUIRE_PERCENT:
		return err_set(
		    e, ERR_USAGE, 0, "'%.40s' is not a percentage such as 80%%", text);
	case REQUIRE_COUNT:
		if (units_count(text, &whole, e) != 0)
			return -1;
		break;
	case REQUIRE_SIZE:
		if (units_size(text, &whole, e) != 0)
			return -1;
		break;
	}
	r->value = (double)whole;
	return 0;
}

/* --- expressions ---------------------------------------------------------------------- */

static const struct {
	const char *text;
	enum require_operator operator;
} operators[] = {
	/* Two characters before one, so that the first that fits is the right one. */
	{"<=", REQUIRE_AT_MOST}, {">=", REQUIRE_AT_LEAST}, {"==", REQUIRE_EQUAL},
	{"!=", REQUIRE_OTHER}, {"<", REQUIRE_LESS}, {">", REQUIRE_MORE},
};

/* The length of the operator at `at`; 0: there is none. */
static size_t
take_operator(struct require *r, const char *at)
{
	for (size_t i = 0; i < COUNT_OF(operators); i++)
		if (strncmp(at, operators[i].text, strlen(operators[i].text)) == 0) {
			r->operator = operators[i].operator;
			return strlen(operators[i].text);
		}
	return 0;
}

/* Puts the expression and the place, counted from 1, in front of the reason in *why. */
static int
refuse(struct err *e, const char *expr, size_t at, const struct err *why)
{
	return err_set(e, ERR_USAGE, 0, "--require '%s', at character %zu: %s", expr, at + 1,
	    why->text);
}

static int
parse(struct require *r, struct err *e)
{
	struct err why;
	char name[REQUIRE_EXPR];
	const char *expr = r->expr;
	size_t name_len = strspn(expr, "abcdefghijklmnopqrstuvwxyz0123456789_."), at = name_len;
	size_t op_len;

	snprintf(name, sizeof name, "%.*s", (int)name_len, expr);
	if (name_len == 0) {
		err_set(&why, ERR_USAGE, 0, "expected a name, such as in p99<200ms or lost==0");
		return refuse(e, expr, 0, &why);
	}
	if (take_name(r, name, &why) != 0)
		return refuse(e, expr, 0, &why);
	at += strspn(expr + at, " ");
	op_len = take_operator(r, expr + at);
	if (op_len == 0) {
		err_set(&why, ERR_USAGE, 0, "expected one of < <= > >= == !=");
		return refuse(e, expr, at, &why);
	}
	at += op_len;
	at += strspn(expr + at, " ");
	if (expr[at] == '\0') {
		err_set(&why, ERR_USAGE, 0, "expected a value to compare with");
		return refuse(e, expr, at, &why);
	}
	return take_value(r, expr + at, &why) == 0 ? 0 : refuse(e, expr, at, &why);
}

/* The part of the list up to the next comma, without the spaces around it. */
static size_t
cut(const char **at, const char **part)
{
	size_t len;

	*at += strspn(*at, " ");
	*part = *at;
	len = strcspn(*at, ",");
	*at += len;
	while (len > 0 && (*part)[len - 1] == ' ')
		len--;
	return len;
}

int
require_add(struct require_list *list, const char *text, struct err *e)
{
	const char *at = text;

	for (;; at++) {
		const char *part;
		size_t len = cut(&at, &part);
		struct require *grown, r = {0};

		if (len >= sizeof r.expr)
			return err_set(e, ERR_USAGE, 0, "--require '%.60s...' is longer than %d"
			    " characters", part, REQUIRE_EXPR - 1);
		memcpy(r.expr, part, len);
		if (parse(&r, e) != 0)
			return -1;
		grown = realloc(list->items, (list->count + 1) * sizeof *grown);
		if (grown == NULL)
			return err_set(e, ERR_MEMORY, 0, "no memory for requirements");
		list->items = grown;
		list->items[list->count++] = r;
		if (*at == '\0')
			return 0;
	}
}

void
require_release(struct require_list *list)
{
	free(list->items);
	*list = (struct require_list){0};
}

/* --- judging -------------------------------------------------------------------------- */

static const char *
latency_of(const json_t *document)
{
	const char *workload = json_string_value(json_object_get(document, "workload"));

	if (workload != NULL && strcmp(workload, "echo") == 0)
		return "latency_ms.rtt";
	if (workload != NULL && strcmp(workload, "hold") == 0)
		return "latency_ms.ping";
	return "latency_ms.delivery";
}

/* False: the document has no such value. */
static bool
look_up(const struct require *r, const json_t *document, double *value)
{
	char path[2 * REQUIRE_PATH];
	const json_t *found, *whole = NULL;

	snprintf(path, sizeof path, "%s%s%s", r->by_workload ? latency_of(document) : "",
	    r->by_workload ? "." : "", r->path);
	found = document_at(document, path);
	if (!json_is_number(found) &&
	    !(strncmp(path, errors_path, sizeof errors_path - 1) == 0 &&
	    json_is_object(document_at(document, "connections.errors"))))
		return false;
	*value = json_number_value(found);
	if (r->whole[0] == '\0')
		return true;
	whole = document_at(document, r->whole);
	if (!(json_number_value(whole) > 0))
		return false;
	*value = *value * 100 / json_number_value(whole);
	return true;
}

static bool
holds(const struct require *r, double value)
{
	switch (r->operator) {
	case REQUIRE_LESS:
		return value < r->value;
	case REQUIRE_AT_MOST:
		return value <= r->value;
	case REQUIRE_MORE:
		return value > r->value;
	case REQUIRE_AT_LEAST:
		return value >= r->value;
	case REQUIRE_EQUAL:
		return value == r->value;
	case REQUIRE_OTHER:
		return value != r->value;
	}
	return false;
}

static json_t *
number(double value)
{
	return value == floor(value) && fabs(value) < 1e15 ? json_integer((json_int_t)value) :
	    json_real(value);
}

int
require_judge(const struct require_list *list, json_t *document)
{
	json_t *array = list->count > 0 ? json_array() : NULL;
	int failed = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct require *r = &list->items[i];
		double value = 0;
		bool there = look_up(r, document, &value), ok = there && holds(r, value);

		failed += !ok;
		if (json_array_append_new(array, json_pack("{s:s, s:o, s:b}", "expr", r->expr,
		    "value", there ? number(value) : json_null(), "ok", (int)ok)) != 0) {
			json_decref(array);
			return -1;
		}
	}
	if (array != NULL && json_object_set_new(document, "requirements", array) != 0)
		return -1;
	return failed;
}

struct figure
require_figure(const struct require *r, double value)
{
	switch (r->unit) {
	case REQUIRE_COUNT:
		return figure_count(value);
	case REQUIRE_RATE:
		return figure_rate(value);
	case REQUIRE_MS:
		return figure_ms(value);
	case REQUIRE_US:
		return figure_us(value);
	case REQUIRE_SECONDS:
		return figure_ms(value * 1e3);
	case REQUIRE_SIZE:
		return figure_size(value);
	case REQUIRE_PERCENT:
		return figure_percent(value);
	}
	return figure_count(value);
}

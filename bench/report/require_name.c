#include "bench/report/require_name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/report/compare.h"
#include "bench/report/require.h"
#include "lib/base/distance.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/base/transport.h"
#include "lib/base/units.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* --- what is known -------------------------------------------------------------------- */

struct place {
	const char *path;
	enum require_unit unit;
	const char *whole;       /* "lost<1%" is a share of this; NULL: percent makes no sense */
};

static const char requested[] = "connections.requested", scheduled[] = "messages.scheduled",
    posts[] = "messages.post.requests", expected[] = "delivery.expected",
    polls[] = "polling.requests", plays[] = "script.plays.begun", row_expected[] = "expected";

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
	{"messages.post.requests", REQUIRE_COUNT, NULL},
	{"messages.post.refused", REQUIRE_COUNT, posts},
	{"messages.post.unknown", REQUIRE_COUNT, posts},
	{"messages.post.connections", REQUIRE_COUNT, NULL},
	{"bytes.sent", REQUIRE_SIZE, NULL},
	{"bytes.received", REQUIRE_SIZE, NULL},
	{"bytes.per_delivery", REQUIRE_SIZE, NULL},
	{"bytes.sent_per_delivery", REQUIRE_SIZE, NULL},
	{"delivery.expected", REQUIRE_COUNT, NULL},
	{"delivery.delivered", REQUIRE_COUNT, expected},
	{"delivery.lost", REQUIRE_COUNT, expected},
	{"delivery.duplicate", REQUIRE_COUNT, expected},
	{"delivery.reordered", REQUIRE_COUNT, expected},
	{"delivery.late", REQUIRE_COUNT, expected},
	{"delivery.missed_while_away", REQUIRE_COUNT, expected},
	{"delivery.recovered", REQUIRE_COUNT, expected},
	{"delivery.lost_for_good", REQUIRE_COUNT, expected},
	{"polling.requests", REQUIRE_COUNT, NULL},
	{"polling.empty", REQUIRE_COUNT, polls},
	{"polling.not_modified", REQUIRE_COUNT, polls},
	{"polling.wasted_pct", REQUIRE_PERCENT, NULL},
	{"polling.connections", REQUIRE_COUNT, NULL},
	{"script.plays.begun", REQUIRE_COUNT, NULL},
	{"script.plays.completed", REQUIRE_COUNT, plays},
	{"script.plays.failed", REQUIRE_COUNT, plays},
	{"script.plays.unfinished", REQUIRE_COUNT, plays},
	{"script.plays.per_s", REQUIRE_RATE, NULL},
	{"script.requests", REQUIRE_COUNT, NULL},
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

/* Of a row of a comparison, in which `whole` is sought, too. */
static const struct place row_values[] = {
	{"expected", REQUIRE_COUNT, NULL},
	{"delivered", REQUIRE_COUNT, row_expected},
	{"lost", REQUIRE_COUNT, row_expected},
	{"duplicate", REQUIRE_COUNT, row_expected},
	{"reordered", REQUIRE_COUNT, row_expected},
	{"late", REQUIRE_COUNT, row_expected},
	{"missed_while_away", REQUIRE_COUNT, row_expected},
	{"recovered", REQUIRE_COUNT, row_expected},
	{"lost_for_good", REQUIRE_COUNT, row_expected},
	{"connections_opened", REQUIRE_COUNT, NULL},
	{"requests", REQUIRE_COUNT, NULL},
	{"wasted_pct", REQUIRE_PERCENT, NULL},
	{"bytes_sent_per_delivery", REQUIRE_SIZE, NULL},
	{"bytes_received_per_delivery", REQUIRE_SIZE, NULL},
	{"client_cpu_us_per_delivery", REQUIRE_US, NULL},
	{"server_cpu_us_per_delivery", REQUIRE_US, NULL},
	{"bytes_per_connection", REQUIRE_SIZE, NULL},
};

static const char *const dists[] = {
	"latency_ms.delivery", "latency_ms.delivery_uncorrected", "latency_ms.complete",
	"latency_ms.rtt", "latency_ms.rtt_uncorrected", "latency_ms.ping",
	"connections.phases_ms.resolve", "connections.phases_ms.connect",
	"connections.phases_ms.tls", "connections.phases_ms.upgrade",
	"connections.phases_ms.total", "script.play_ms", "rig.loop_lag_ms", "rig.schedule_lag_ms",
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
	{"failed", "connections.failed"},
};

/* Of a script those come first that count plays: connections may fail because it says so. */
static const char *const preferred_plays[] = {"failed"};
static const char plays_path[] = "script.plays.";

static const char errors_path[] = "connections.errors.", latency_path[] = "latency_ms.",
    row_path[] = "compare.";

static void
take_place(struct require *r, const struct place *p)
{
	snprintf(r->path, sizeof r->path, "%s", p->path);
	snprintf(r->whole, sizeof r->whole, "%s", p->whole != NULL ? p->whole : "");
	r->unit = p->unit;
}

/* A field of a dist. */
static void
take_field(struct require *r, const char *dist, const char *field)
{
	snprintf(r->path, sizeof r->path, "%s.%s", dist, field);
	r->whole[0] = '\0';
	r->unit = strcmp(field, "count") == 0 ? REQUIRE_COUNT : REQUIRE_MS;
}

/* The i-th of all known paths, into r->path, unit and whole; false after the last. */
static bool
known_path(size_t i, struct require *r)
{
	const size_t dist_paths = COUNT_OF(dists) * COUNT_OF(fields);

	if (i < COUNT_OF(values)) {
		take_place(r, &values[i]);
		return true;
	}
	i -= COUNT_OF(values);
	if (i < dist_paths) {
		take_field(r, dists[i / COUNT_OF(fields)], fields[i % COUNT_OF(fields)]);
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

static bool
begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
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

/* The known path that `name` resembles most: as a whole, or its end. */
static void
nearest(const char *name, char *into, size_t size)
{
	struct require known = {0};
	size_t least = SIZE_MAX;

	for (size_t i = 0; known_path(i, &known); i++)
		for (const char *end = known.path; end != NULL;) {
			size_t d = distance_between(slice_of(name), slice_of(end),
			    DISTANCE_MAX);

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

/* The row by the name it has in results: a space for the dash, the interval as compare_name
 * writes it. `len`: of what stands for it in the expression. */
static int
take_row(struct require *r, const char *text, size_t len, struct err *e)
{
	struct compare_row row = {TRANSPORT_POLL, 0};
	char name[COMPARE_NAME];

	snprintf(name, sizeof name, "%.*s", (int)len, text);
	for (int t = 0; t < TRANSPORTS; t++)
		if (t != TRANSPORT_POLL && strcmp(name, transport_name((enum transport)t)) == 0)
			row.transport = (enum transport)t;
	if (row.transport == TRANSPORT_POLL && (strncmp(name, "poll-", 5) != 0 ||
	    units_duration(name + 5, &row.poll_interval_ns, NULL) != 0))
		return err_set(e, ERR_USAGE, 0, "'%.30s' is no row; expected ws, sse, longpoll or"
		    " poll-INTERVAL", name);
	compare_name(&row, r->row);
	r->place = REQUIRE_COMPARED;
	return 0;
}

/* "p99", "latency_ms.p99" */
static bool
take_row_latency(struct require *r, const char *name)
{
	if (begins(name, latency_path))
		name += sizeof latency_path - 1;
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (strcmp(name, fields[i]) == 0) {
			take_field(r, "latency_ms", name);
			return true;
		}
	return false;
}

/* "compare.ROW.FIGURE" */
static int
take_row_name(struct require *r, const char *name, struct err *e)
{
	const char *row = name + sizeof row_path - 1, *dot = strrchr(row, '.'), *figure;
	const char *latency = strstr(row, ".latency_ms.");

	if (dot == NULL)
		return err_set(e, ERR_USAGE, 0, "expected compare.ROW.FIGURE, such as in"
		    " compare.sse.p99<200ms");
	dot = latency != NULL ? latency : dot;
	figure = dot + 1;
	if (take_row(r, row, (size_t)(dot - row), e) != 0)
		return -1;
	if (take_row_latency(r, figure))
		return 0;
	for (size_t i = 0; i < COUNT_OF(row_values); i++) {
		if (strcmp(figure, row_values[i].path) != 0)
			continue;
		take_place(r, &row_values[i]);
		return 0;
	}
	return err_set(e, ERR_USAGE, 0, "'%.40s' is no figure of a row; expected p99, lost,"
	    " requests, wasted_pct, ...", figure);
}

bool
require_is_latency(const struct require *r)
{
	return r->by_workload || begins(r->path, latency_path);
}

bool
require_is_error(const struct require *r)
{
	return begins(r->path, errors_path);
}

/* --- labels of a script --------------------------------------------------------------- */

/* The field of a dist that is all of `text` up to an operator; NULL: it is none. */
static const char *
field_of(const char *text)
{
	size_t len = strcspn(text, " <>=!");

	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (strlen(fields[i]) == len && memcmp(fields[i], text, len) == 0)
			return fields[i];
	return NULL;
}

size_t
require_label(struct require *r, const struct require_list *list)
{
	size_t whole = 0;

	for (size_t i = 0; i < list->label_count; i++) {
		size_t len = strlen(list->labels[i]);
		const char *field = begins(r->expr, list->labels[i]) && r->expr[len] == '.' ?
		    field_of(r->expr + len + 1) : NULL;

		if (field == NULL || len + 1 + strlen(field) <= whole)
			continue;
		whole = len + 1 + strlen(field);
		r->place = REQUIRE_LABELLED;
		snprintf(r->row, sizeof r->row, "%s", list->labels[i]);
		take_field(r, "latency_ms", field);
	}
	return whole;
}

/* Whether a script has such a thing only by a label. */
static bool
wants_label(const char *name)
{
	const char *dot = strrchr(name, '.');

	return field_of(dot != NULL ? dot + 1 : name) != NULL;
}

static int
refuse_label(const char *name, const struct require_list *list, struct err *e)
{
	char all[120] = "";
	size_t len = 0, told = 0;

	for (; told < list->label_count && len + strlen(list->labels[told]) + 2 < sizeof all;
	     told++)
		len += (size_t)snprintf(all + len, sizeof all - len, "%s%s", told > 0 ? ", " : "",
		    list->labels[told]);
	if (list->label_count == 0)
		return err_set(e, ERR_USAGE, 0, "'%.40s': what a script measures is called by a"
		    " label, and no line of this one has one", name);
	return err_set(e, ERR_USAGE, 0, "'%.40s': what a script measures is called by a label, and"
	    " this one has %s%s", name, all, told < list->label_count ? ", ..." : "");
}

/* The whole path that a name prefers, into `path`; or the name itself. */
static const char *
preferred_path(const char *name, bool script, char path[REQUIRE_PATH])
{
	for (size_t i = 0; script && i < COUNT_OF(preferred_plays); i++)
		if (strcmp(name, preferred_plays[i]) == 0) {
			snprintf(path, REQUIRE_PATH, "%s%s", plays_path, name);
			return path;
		}
	for (size_t i = 0; i < COUNT_OF(preferred); i++)
		if (strcmp(name, preferred[i].name) == 0)
			return preferred[i].path;
	return name;
}

/* `script`: one is played. */
static int
known_name(struct require *r, const char *name, bool script, struct err *e)
{
	struct require known = {0};
	char first[REQUIRE_PATH] = "", path[REQUIRE_PATH];

	if (take_short_name(r, name))
		return 0;
	if (begins(name, row_path))
		return take_row_name(r, name, e);
	name = preferred_path(name, script, path);
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

int
require_name(struct require *r, const char *name, const struct require_list *list,
    struct err *e)
{
	int result = known_name(r, name, list->labels != NULL, e);

	if (list->labels != NULL && (result == 0 ? require_is_latency(r) : wants_label(name)))
		return refuse_label(name, list, e);
	return result;
}

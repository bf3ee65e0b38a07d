#include "bench/report/require.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/document.h"
#include "bench/report/figure.h"
#include "bench/report/require_name.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/units.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

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

/* Takes the name at the front of the expression; its length, or 0 with the reason in *why. */
static size_t
take_name(struct require *r, const struct require_list *list, struct err *why)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
	char name[REQUIRE_EXPR];
	size_t len = require_label(r, list);

	if (len > 0)
		return len;
	len = list->labels != NULL ? strcspn(r->expr, " <>=!") : strspn(r->expr, letters);
	snprintf(name, sizeof name, "%.*s", (int)len, r->expr);
	if (len == 0)
		err_set(why, ERR_USAGE, 0, "expected a name, such as in p99<200ms or lost==0");
	else if (require_name(r, name, list, why) == 0)
		return len;
	return 0;
}

static int
parse(struct require *r, const struct require_list *list, struct err *e)
{
	struct err why;
	const char *expr = r->expr;
	size_t at = take_name(r, list, &why), op_len;

	if (at == 0)
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
		if (parse(&r, list, e) != 0)
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

/* A row's figure where there is no such row, or one that no row has alone. */
static int
suits(const struct require *r, const char *const *rows, size_t row_count, struct err *e)
{
	if (r->place != REQUIRE_COMPARED)
		return row_count == 0 || !require_is_latency(r) ? 0 : err_set(e, ERR_USAGE, 0,
		    "--require '%s': each row of a comparison has its own, such as"
		    " compare.%s.p99", r->expr, rows[0]);
	for (size_t i = 0; i < row_count; i++)
		if (strcmp(rows[i], r->row) == 0)
			return 0;
	return row_count == 0 ?
	    err_set(e, ERR_USAGE, 0, "--require '%s': only bench compare has rows", r->expr) :
	    err_set(e, ERR_USAGE, 0, "--require '%s': %s is not among what is compared", r->expr,
	    r->row);
}

int
require_suits(const struct require_list *list, const char *const *rows, size_t row_count,
    struct err *e)
{
	for (size_t i = 0; i < list->count; i++)
		if (suits(&list->items[i], rows, row_count, e) != 0)
			return -1;
	return 0;
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

/* The row whose `key` is that; NULL: there is none. */
static const json_t *
row_of(const json_t *rows, const char *key, const char *wanted)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *name = json_string_value(json_object_get(row, key));

		if (name != NULL && strcmp(name, wanted) == 0)
			return row;
	}
	return NULL;
}

/* What the path begins in; NULL: there is no such row. */
static const json_t *
place_of(const struct require *r, const json_t *document)
{
	switch (r->place) {
	case REQUIRE_DOCUMENT:
		return document;
	case REQUIRE_COMPARED:
		return row_of(document_at(document, "compare"), "name", r->row);
	case REQUIRE_LABELLED:
		return row_of(document_at(document, "script.steps"), "label", r->row);
	}
	return NULL;
}

/* False: the document has no such value. */
static bool
look_up(const struct require *r, const json_t *document, double *value)
{
	char path[2 * REQUIRE_PATH];
	const json_t *place = place_of(r, document), *found, *whole = NULL;

	snprintf(path, sizeof path, "%s%s%s", r->by_workload ? latency_of(document) : "",
	    r->by_workload ? "." : "", r->path);
	found = document_at(place, path);
	if (!json_is_number(found) &&
	    !(require_is_error(r) &&
	    json_is_object(document_at(document, "connections.errors"))))
		return false;
	*value = json_number_value(found);
	if (r->whole[0] == '\0')
		return true;
	whole = document_at(place, r->whole);
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
require_judge(const struct require_list *list, json_t *document, bool counted)
{
	json_t *array = list->count > 0 ? json_array() : NULL;
	int failed = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct require *r = &list->items[i];
		double value = 0;
		bool there = counted && look_up(r, document, &value);
		bool ok = there && holds(r, value);

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

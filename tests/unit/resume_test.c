/* resume_test.c: where a stream stands, and gaps in its ids. */
#include "lib/channel/resume.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/tap.h"

/* Words are ids, "-" an empty one; the trace has each number of missing ids that is not 0 as
 * "id:number". */
static void
check_ids(const char *ids, const char *want)
{
	struct slice rest = slice_of(ids);
	struct resume r;
	char got[200] = "";
	size_t at = 0;

	resume_init(&r);
	while (rest.data != NULL) {
		struct slice id = slice_cut(&rest, ' ');
		uint64_t missing = resume_count(&r, slice_eq(id, "-") ? slice_of("") : id);

		if (missing > 0)
			at += (size_t)snprintf(got + at, sizeof got - at, "%s%.*s:%" PRIu64,
			    at > 0 ? " " : "", (int)id.len, id.data, missing);
	}
	tap_text(got, want, ids);
	resume_release(&r);
}

static void
test_gaps(void)
{
	check_ids("1 2 3 4 5", "");
	check_ids("1 2 3 5", "5:1");
	check_ids("1 2 3 4 10 11", "10:5");
	check_ids("0 1 2 4", "4:1");
	check_ids("41 42 43 45", "45:1");
	check_ids("1 2 3 1000000", "1000000:999996");
	check_ids("9 10 11 13", "13:1");
	check_ids("999999999999999997 999999999999999998 999999999999999999", "");
	check_ids("1 2 3 999999999999999999", "999999999999999999:999999999999999995");
}

static void
test_rows(void)
{
	check_ids("1", "");
	check_ids("1 3", "");
	check_ids("1 2 4", "");
	check_ids("1 3 5 7 9", "");
	check_ids("10 20 30 40", "");
	check_ids("1 2 3 5 7", "5:1");
	check_ids("1 2 3 5 6 8", "5:1");
	check_ids("1 2 3 5 6 7 9", "5:1 9:1");
	check_ids("1 2 3 3 5", "");
	check_ids("1 2 3 2 4", "");
	check_ids("1 2 3 1 2 3 5", "5:1");
	check_ids("1 2 3 2 3 5", "");
	check_ids("1 2 3 2 3 4 6", "6:1");
	check_ids("5 4 3 2 1", "");
}

static void
test_others(void)
{
	check_ids("a b c", "");
	check_ids("- - - 5", "");
	check_ids("1 2 3 a 5", "");
	check_ids("1 2 3 - 5", "");
	check_ids("1 2 3 a 5 6 7 9", "9:1");
	check_ids("1 2 3 05", "");
	check_ids("01 02 03 05", "");
	check_ids("1 2 3 +5", "");
	check_ids("1 2 3 -5", "");
	check_ids("1 2 3 5x", "");
	check_ids("1 2 3 5.0", "");
	check_ids("1 2 3 1000000000000000000", "");
	check_ids("1 2 3 00", "");
	check_ids("1-0 1-1 1-2 1-4", "");
}

static void
test_texts(void)
{
	static char much[RESUME_TEXT_MAX + 1];
	struct resume r;

	memset(much, 'x', sizeof much);
	resume_init(&r);
	tap_ok(resume_text(&r.last_id).len == 0 && !r.begun && r.retry_ns == 0, "at first nothing");
	tap_ok(resume_set(&r.last_id, slice_of("abc")) == 0 &&
	    slice_eq(resume_text(&r.last_id), "abc"), "a text is set");
	tap_ok(resume_set(&r.last_id, slice_of("longer than that")) == 0 &&
	    slice_eq(resume_text(&r.last_id), "longer than that"), "and replaced by a longer");
	tap_ok(resume_set(&r.last_id, slice_of("x")) == 0 &&
	    slice_eq(resume_text(&r.last_id), "x"), "and a shorter");
	tap_ok(resume_set(&r.last_id, (struct slice){much, sizeof much}) == -1 &&
	    slice_eq(resume_text(&r.last_id), "x"), "one too long leaves it as it was");
	tap_ok(resume_set(&r.last_id, (struct slice){"a\0b", 3}) == -1 &&
	    slice_eq(resume_text(&r.last_id), "x"), "so does a NUL");
	tap_ok(resume_set(&r.last_id, (struct slice){much, sizeof much - 1}) == 0 &&
	    resume_text(&r.last_id).len == RESUME_TEXT_MAX, "the longest");
	tap_ok(resume_set(&r.last_id, (struct slice){NULL, 0}) == 0 &&
	    resume_text(&r.last_id).len == 0, "and none again");
	tap_ok(resume_set(&r.etag, slice_of("\"1\"")) == 0 && resume_text(&r.modified).len == 0,
	    "each text is its own");
	resume_release(&r);
}

int
main(void)
{
	test_gaps();
	test_rows();
	test_others();
	test_texts();
	return tap_done();
}

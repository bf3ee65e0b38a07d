/* verdict.h: whether the figures of a run may be believed.
 *
 * A run is not valid when the generator, not the system under test, made the figures, or when
 * they contradict each other. What merely deserves a second look is a warning. Pure: everything
 * comes from the plan and the tally. */
#ifndef HAIL_REPORT_VERDICT_H
#define HAIL_REPORT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

struct plan;
struct tally;

enum {
	VERDICT_SENTENCES = 16,
	VERDICT_TEXT = 248,
};

/* Sentences of UTF-8 with their figures, no full stop. */
struct verdict_list {
	size_t count;
	char text[VERDICT_SENTENCES][VERDICT_TEXT];
};

struct verdict {
	bool valid;                      /* there is no reason against it */
	bool uncounted;                  /* it was over before anything counted, which is one */
	struct verdict_list reasons;     /* why the run is not valid */
	struct verdict_list warnings;    /* what to look at though it is */
};

/* `interrupted`: the run ended before its time. That is a warning: what was counted until then
 * was counted right; but a reason when the time that counts had not begun. */
void verdict_judge(const struct plan *p, const struct tally *t, bool interrupted,
    struct verdict *v);

/* One more warning, where there is room for it. */
void verdict_warn(struct verdict *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes one of several: valid when each is, every sentence of `from` behind "NAME: ". *into begins
 * with `valid` and no sentences. */
void verdict_merge(struct verdict *into, const char *name, const struct verdict *from);

#endif

/* script_fuzz.c: whatever a script holds, it is either read, and all of its parts are sound, or
 * there are errors that can be shown to people, in the order of the lines. */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/script/script.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/script_dump.h"

static struct script_errors errors;

static const char *
environment(const char *name)
{
	return name[0] == 'H' ? "/home\"\\x" : NULL;
}

/* --- a script ---------------------------------------------------------------------------- */

static void
check_text(const struct script *s, const struct text *t)
{
	for (size_t i = 0; t != NULL && i < t->count; i++) {
		const struct text_part *p = &t->parts[i];

		require(p->kind != TEXT_BYTES || p->bytes.data != NULL);
		require(p->kind != TEXT_VARIABLE || p->number < s->slot_count);
		require(p->kind != TEXT_UUID || p->number < s->uuid_count);
		require(p->kind != TEXT_LAST_ID || p->number < s->party_count);
		require(p->kind != TEXT_RAND || p->number > 0);
		require(i == 0 || p->kind != TEXT_BYTES || p[-1].kind != TEXT_BYTES);
	}
}

static void
check_expect(const struct script *s, const struct expect *x)
{
	for (size_t i = 0; i < x->condition_count; i++) {
		check_text(s, x->conditions[i].text);
		check_text(s, x->conditions[i].regex);
		require((x->conditions[i].kind != CONDITION_STATUS) ==
		    (x->conditions[i].codes == NULL));
	}
	for (size_t i = 0; i < x->save_count; i++)
		require(x->saves[i].slot < s->slot_count);
	check_text(s, x->reason);
}

static void
check_step(const struct script *s, const struct step *step)
{
	require(step->party < (int)s->party_count && step->line.len > 0 && step->spot.line > 0);
	if (step->verb == VERB_SEND)
		check_text(s, step->send.data);
	else if (step->verb == VERB_EXPECT)
		check_expect(s, &step->expect);
	else if (step->verb == VERB_BARRIER)
		require(step->barrier.number < s->barrier_count);
	else if (step->verb == VERB_SET)
		require(step->set.slot < s->slot_count);
	else if (step->verb == VERB_REPEAT)
		require(step->repeat.times > 0 && step->repeat.slot <= s->slot_count);
}

static void
check_script(const struct script *s)
{
	struct buf all;

	require(errors.count == 0 && s->step_count <= SCRIPT_STEPS);
	for (size_t i = 0; i < s->step_count; i++) {
		require(s->steps[i] != NULL && s->steps[i]->number == i);
		check_step(s, s->steps[i]);
	}
	for (size_t i = 0; i < s->barrier_count; i++)
		require(s->barriers[i] >= 2);
	buf_init(&all, 1 << 20);
	dump_block(&all, s, &s->body, 0);
	buf_release(&all);
}

/* --- errors ------------------------------------------------------------------------------ */

static void
check_error(const struct script_error *e, const struct script_error *before)
{
	unsigned columns = 0;

	require_sentence(e->text);
	require(utf8_valid(e->shown, strlen(e->shown)) && strlen(e->shown) < sizeof e->shown - 1);
	for (const char *at = e->shown; *at != '\0'; at++) {
		require((unsigned char)*at >= ' ' && *at != 0x7f);
		columns += (*at & 0xc0) != 0x80;
	}
	require(e->caret <= columns && e->column > 0);
	require(before == NULL || before->line < e->line ||
	    (before->line == e->line && before->column < e->column));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct script_define defines[] = {{"host", "h"}};
	struct script_params params = {.defines = defines, .define_count = 1, .allow_exec = true,
	    .environment = environment};
	char *text = copy_of(data, size);
	struct script *s = script_parse("fuzz", (struct slice){text, size}, "/nonexistent",
	    &params,
	    &errors);

	free(text);
	if (s != NULL)
		check_script(s);
	else
		require(errors.count > 0);
	for (size_t i = 0; i < errors.count && i < SCRIPT_ERRORS; i++)
		check_error(&errors.items[i], i > 0 ? &errors.items[i - 1] : NULL);
	script_free(s);
	return 0;
}

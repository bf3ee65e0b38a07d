/* script_dump.h: a script as it was read, one step a line, for tests to compare. */
#ifndef HAIL_TESTS_SCRIPT_DUMP_H
#define HAIL_TESTS_SCRIPT_DUMP_H

#include <inttypes.h>

#include "lib/base/buf.h"
#include "lib/script/option.h"
#include "lib/script/regex.h"
#include "lib/script/script.h"
#include "lib/script/text.h"

static inline void
dump_part(struct buf *b, const struct script *s, const struct text_part *p)
{
	static const char *const names[] = {"", "", "uuid", "now", "seq", "rand", "conn",
	    "iteration", "url", ""};

	if (p->kind == TEXT_BYTES) {
		buf_add(b, p->bytes.data, p->bytes.len);
		return;
	}
	buf_addf(b, "«%s", p->quoted ? "q:" : p->in_regex ? "r:" : "");
	if (p->kind == TEXT_VARIABLE)
		buf_add_text(b, s->slots[p->number].name);
	else if (p->kind == TEXT_LAST_ID)
		buf_addf(b, "%s.last_id", s->parties[p->number]);
	else
		buf_add_text(b, names[p->kind]);
	if (p->kind == TEXT_UUID || p->kind == TEXT_RAND)
		buf_addf(b, ":%" PRIu64, p->number);
	buf_add_text(b, "»");
}

static inline void
dump_text(struct buf *b, const struct script *s, const char *name, const struct text *t)
{
	static const char *const forms[] = {"", "json", "regex"};

	if (t == NULL)
		return;
	buf_addf(b, " %s=%s\"", name, forms[t->form]);
	for (size_t i = 0; i < t->count; i++)
		dump_part(b, s, &t->parts[i]);
	buf_add_text(b, "\"");
}

static inline void
dump_codes(struct buf *b, const unsigned *codes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_addf(b, "%s%u", i == 0 ? " codes=" : ",", codes[i]);
}

static inline void
dump_condition(struct buf *b, const struct script *s, const struct condition *c)
{
	static const char *const kinds[] = {"any", "text", "contains", "regex", "json", "path",
	    "hex",
	    "event", "id", "status", "header"};
	static const char *const relations[] = {"=", "!=", "<", "<=", ">", ">="};

	buf_addf(b, " (%s@%u", kinds[c->kind], c->spot.column);
	if (c->pointer != NULL)
		buf_addf(b, " %s", c->pointer);
	if (c->kind == CONDITION_PATH)
		buf_addf(b, " %s", relations[c->relation]);
	if (c->kind == CONDITION_HEX)
		for (size_t i = 0; i < text_constant(c->text).len; i++)
			buf_addf(b, " %02x", (uint8_t)text_constant(c->text).data[i]);
	else
		dump_text(b, s, "text", c->text);
	dump_text(b, s, "regex", c->regex);
	if (c->regex != NULL)
		buf_addf(b, " flags=%u", c->regex_flags);
	dump_codes(b, c->codes, c->code_count);
	buf_addf(b, "%s%s%s%s)", c->exactly ? " exactly" : "",
	    c->ready_regex != NULL ? " ready" : "", c->ready_pattern != NULL ? " ready" : "",
	    c->snapshot != NULL ? " snapshot" : "");
}

static inline void
dump_saves(struct buf *b, const struct script *s, const struct save *saves, size_t count)
{
	static const char *const kinds[] = {"whole", "pointer", "header"};

	for (size_t i = 0; i < count; i++)
		buf_addf(b, " save=%s:%s%s%s", s->slots[saves[i].slot].name, kinds[saves[i].kind],
		    saves[i].what != NULL ? ":" : "", saves[i].what != NULL ? saves[i].what : "");
}

static inline void
dump_expect(struct buf *b, const struct script *s, const struct expect *x)
{
	static const char *const kinds[] = {"message", "none", "close", "answer", "failed"};

	buf_addf(b, " %s%s", kinds[x->kind], x->next ? " next" : "");
	for (size_t i = 0; i < x->condition_count; i++)
		dump_condition(b, s, &x->conditions[i]);
	if (x->kind == EXPECT_NONE)
		buf_addf(b, " for=%" PRIu64, x->window_ns);
	dump_codes(b, x->codes, x->code_count);
	dump_text(b, s, "reason", x->reason);
	if (x->class != ERR_NONE)
		buf_addf(b, " class=%s", err_class_name(x->class));
	dump_saves(b, s, x->saves, x->save_count);
}

static inline void
dump_settings(struct buf *b, const struct script *s, const struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		buf_addf(b, " +%s", settings->items[i].option->name);
		dump_text(b, s, "value", settings->items[i].value);
	}
	if (!settings->constant)
		buf_add_text(b, " variable");
}

static inline void dump_block(struct buf *b, const struct script *s, const struct block *block,
    int depth);

static inline void
dump_inner(struct buf *b, const struct script *s, const struct step *t, int depth)
{
	static const char *const message_kinds[] = {"text", "binary"};

	switch (t->verb) {
	case VERB_OPEN:
		if (t->open.transport_given)
			buf_addf(b, " %s", transport_name(t->open.transport));
		dump_text(b, s, "url", t->open.url);
		dump_settings(b, s, &t->open.settings);
		break;
	case VERB_SEND:
		buf_addf(b, " %s", message_kinds[t->send.kind]);
		dump_text(b, s, "data", t->send.data);
		break;
	case VERB_EXPECT:
		dump_expect(b, s, &t->expect);
		break;
	case VERB_CLOSE:
		buf_addf(b, " %u", t->close.code);
		dump_text(b, s, "reason", t->close.reason);
		break;
	case VERB_HTTP:
		buf_addf(b, " %s", t->http.method);
		dump_text(b, s, "url", t->http.url);
		dump_settings(b, s, &t->http.settings);
		dump_text(b, s, "body", t->http.body);
		if (t->http.type != NULL)
			buf_addf(b, " type=%s", t->http.type);
		dump_expect(b, s, &t->http.expect);
		break;
	case VERB_SET:
		buf_addf(b, " %s", s->slots[t->set.slot].name);
		dump_text(b, s, "value", t->set.value);
		break;
	case VERB_WAIT:
		buf_addf(b, " %" PRIu64, t->wait_ns);
		break;
	case VERB_EXEC:
		dump_text(b, s, "command", t->exec.command);
		dump_saves(b, s, t->exec.saves, t->exec.save_count);
		break;
	case VERB_REPEAT:
		if (t->repeat.times == SCRIPT_FOREVER)
			buf_add_text(b, " forever");
		else
			buf_addf(b, " %" PRIu64, t->repeat.times);
		if (t->repeat.counts)
			buf_addf(b, " as %s", s->slots[t->repeat.slot].name);
		dump_block(b, s, &t->repeat.block, depth + 1);
		break;
	case VERB_PARALLEL:
		for (size_t i = 0; i < t->parallel.count; i++) {
			buf_addf(b, "\n%*s|", depth * 2 + 1, "");
			dump_block(b, s, &t->parallel.strands[i], depth + 1);
		}
		break;
	case VERB_DO:
		dump_block(b, s, &t->block, depth + 1);
		break;
	case VERB_BARRIER:
		buf_addf(b, " %zu", t->barrier.number);
		break;
	case VERB_PING:
	case VERB_DROP:
	case VERB_RECONNECT:
	case VERB_RESUME:
	case VERB_PAUSE:
	case VERB_CONTINUE:
	case VERB_CLEAR:
	case VERB_NO_MORE:
	case VERB_TIMEOUT:
	case VERB_INCLUDE:
	case VERBS:
		break;
	}
}

static inline void
dump_step(struct buf *b, const struct script *s, const struct step *t, int depth)
{
	static const char *const verbs[] = {"open", "send", "expect", "ping", "close", "drop",
	    "reconnect", "resume", "pause", "continue", "clear", "no-more", "barrier", "http",
	    "set",
	    "wait", "exec", "repeat", "parallel", "do"};
	bool opens = t->verb == VERB_OPEN || t->verb == VERB_RECONNECT || t->verb == VERB_RESUME;

	buf_addf(b, "%*s%u", depth * 2, "", t->number);
	if (t->party >= 0)
		buf_addf(b, " %s", s->parties[t->party]);
	buf_addf(b, " %s", verbs[t->verb]);
	if (opens && t->open.refusable)
		buf_add_text(b, " refusable");
	if (t->label != NULL)
		buf_addf(b, " as=%s", t->label);
	if (t->limit_ns > 0)
		buf_addf(b, " limit=%" PRIu64, t->limit_ns);
	dump_inner(b, s, t, depth);
}

static inline void
dump_block(struct buf *b, const struct script *s, const struct block *block, int depth)
{
	for (size_t i = 0; i < block->count; i++) {
		if (b->len > 0)
			buf_add_text(b, "\n");
		dump_step(b, s, &block->steps[i], depth);
	}
}

#endif

/* What ends a line: within, as, save; and lists of codes. */
#include <stdio.h>
#include <string.h>

#include "lib/script/parse.h"

enum { LABEL_MAX = 64 };                 /* bytes */

static int
take_within(struct parser *p, struct step *step, const struct token *word)
{
	uint64_t ns;

	if (parse_time(p, &ns, "within") != 0)
		return -1;
	if (ns == 0)
		return parse_error(p, word->spot, "within: expected more than no time");
	step->limit_ns = ns;
	return 0;
}

static bool
is_visible(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c <= ' ' || c == 0x7f || (c == 0xc2 && (unsigned char)text.data[i + 1] <=
		    0xa0))
			return false;
	}
	return text.len > 0;
}

static int
take_label(struct parser *p, struct step *step)
{
	struct token k;
	const char *label = parse_constant(p, &k, "a name for what this line measures");

	if (label == NULL)
		return -1;
	if (!is_visible(slice_of(label)) || strlen(label) > LABEL_MAX)
		return parse_error(p, k.spot, "expected a name of at most %d bytes without "
		    "blanks",
		    LABEL_MAX);
	step->label = label;
	return 0;
}

/* What of it: "/pointer", "header Name", or nothing: all. */
static int
take_part(struct parser *p, struct save *save, unsigned allowed)
{
	struct tokens *t = &p->reading->tokens;
	struct token k;

	if (!tokens_more(t))
		return 0;
	if (*t->at == '/' || *t->at == '"' || *t->at == '\'') {
		save->kind = SAVE_POINTER;
		save->what = parse_pointer(p, &k);
		return save->what != NULL ? 0 : -1;
	}
	k.spot = (struct spot){t->file, t->line, (unsigned)(t->at - t->line_start) + 1};
	if (!parse_word(p, "header"))
		return 0;
	if ((allowed & CLAUSE_SAVE_HEADER) == 0)
		return parse_error(p, k.spot, "there is no header here: expected a JSON "
		    "Pointer or the end of the line");
	save->kind = SAVE_HEADER;
	save->what = parse_field(p, &k);
	return save->what != NULL ? 0 : -1;
}

static int
take_save(struct parser *p, unsigned allowed)
{
	struct save save = {0}, *place;
	struct token k;

	if (parse_name(p, &k, "the name of a variable") != 0) {
		p->unsure = true;
		return -1;
	}
	save.spot = k.spot;
	if (parse_define(p, k.whole, k.spot, &save.slot) != 0 || take_part(p, &save,
	    allowed) != 0)
		return -1;
	if ((place = pile_add(&p->saves)) == NULL)
		return parse_error(p, k.spot, "more than %zu variables are saved in one line",
		    p->saves.max);
	*place = save;
	return 0;
}

/* "within, as or the end of the line" */
static void
clauses_expected(char into[100], unsigned allowed)
{
	snprintf(into, 100, "%s%s%s%sthe end of the line",
	    (allowed & CLAUSE_WITHIN) != 0 ? "within, " : "",
	    (allowed & CLAUSE_AS) != 0 ? "as, " : "",
	    (allowed & CLAUSE_SAVE) != 0 ? "save, " : "", allowed != 0 ? "or " : "");
}

static int
take_clause(struct parser *p, struct step *step, unsigned allowed, unsigned *taken)
{
	static const char *const words[] = {"within", "as", "save"};
	char quote[PARSE_QUOTE], expected[100];
	unsigned which = 0;
	struct token k;

	token_word(&p->reading->tokens, &k);
	while (which < 3 && !slice_eq(k.whole, words[which]))
		which++;
	clauses_expected(expected, allowed);
	if (which == 3 || (allowed & 1u << which) == 0)
		return parse_error(p, k.spot, "%s: expected %s", parse_quote(quote, k.whole),
		    expected);
	if (which < 2 && (*taken & 1u << which) != 0)
		return parse_error(p, k.spot, "%s stands here twice: expected it once",
		    words[which]);
	*taken |= 1u << which;
	return which == 0 ? take_within(p, step, &k) : which == 1 ? take_label(p, step) :
	    take_save(p, allowed);
}

/* Where the saves of a step go. */
static int
put_saves(struct parser *p, struct step *step)
{
	size_t count = p->saves.count;
	const struct save *saves = parse_gathered(p, &p->saves, 0);

	if (step->verb == VERB_EXEC) {
		step->exec.save_count = count;
		step->exec.saves = saves;
	} else if (count > 0) {
		struct expect *expect = step->verb == VERB_HTTP ? &step->http.expect :
		    &step->expect;

		expect->save_count = count;
		expect->saves = saves;
	}
	return p->stop ? -1 : 0;
}

int
parse_clauses(struct parser *p, struct step *step, unsigned allowed)
{
	unsigned taken = 0;

	p->saves.count = 0;
	while (tokens_more(&p->reading->tokens))
		if (take_clause(p, step, allowed, &taken) != 0)
			return -1;
	return put_saves(p, step);
}

/* --- codes ------------------------------------------------------------------------------- */

bool
parse_is_close_code(unsigned code)
{
	return (code >= 1000 && code <= 1015) || (code >= 3000 && code <= 4999);
}

bool
parse_is_status(unsigned code)
{
	return code >= 100 && code <= 999;
}

/* 0: it is no number that could be a code. */
static unsigned
read_code(struct slice digits)
{
	unsigned code = 0;

	for (size_t i = 0; i < digits.len && digits.len <= 4; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return 0;
		code = code * 10 + (unsigned)(digits.data[i] - '0');
	}
	return code;
}

int
parse_codes(struct parser *p, bool (*fits)(unsigned code), const char *what)
{
	char quote[PARSE_QUOTE];
	struct slice rest;
	struct token k = {0};
	unsigned *place;

	if (parse_bare(p, &k, what) != 0)
		return -1;
	p->codes.count = 0;
	for (rest = k.whole; rest.data != NULL;) {
		struct slice one = slice_cut(&rest, ',');
		unsigned code = read_code(one);

		if (code == 0 || !fits(code))
			return parse_error(p, k.spot, "%s: expected %s", one.len > 0 ?
			    parse_quote(quote, one) : parse_quote(quote, k.whole), what);
		if ((place = pile_add(&p->codes)) == NULL)
			return parse_error(p, k.spot, "more than %zu codes in one list",
			    p->codes.max);
		*place = code;
	}
	return 0;
}

/* verb.h: the words of the language in one table: what `hail run --list` prints, what
 * hail-script(5) is compared with, what the editors' grammars are. */
#ifndef HAIL_SCRIPT_VERB_H
#define HAIL_SCRIPT_VERB_H

#include <stddef.h>

#include "lib/base/slice.h"
#include "lib/script/script.h"

enum verb_shape {
	VERB_FIRST,              /* the line begins with the word */
	VERB_OF_PARTY,           /* a party's name comes before it */
};

struct verb_row {
	enum verb verb;
	enum verb_shape shape;
	const char *word;        /* "open", ">" */
	const char *usage;       /* "open NAME [TRANSPORT] URL [OPTION...]" */
	const char *help;        /* one line, no full stop */
};

/* Ends with a NULL word. Several rows may share a verb (`<` and `<!`). */
extern const struct verb_row verb_rows[];

/* What may stand behind `<`, and how messages are matched; `verb` means nothing here. */
extern const struct verb_row verb_matchers[];

/* What may end a line: within, as, save. */
extern const struct verb_row verb_clauses[];

/* NULL: there is none. */
const struct verb_row *verb_find(enum verb_shape shape, struct slice word);

/* The row whose word is closest to what was written, for "did you mean"; NULL: none is close. */
const struct verb_row *verb_guess(enum verb_shape shape, struct slice word);

#endif

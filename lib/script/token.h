/* token.h: the words of a script. What a word is depends on where it stands (the rest of a line, a
 * piece of JSON over many lines, a regex), so whoever reads says what comes next.
 *
 * Tokens are slices of the file's text, in which lines end in LF, and which holds no NUL but has
 * one behind it. A blank is a space or a tab. */
#ifndef HAIL_SCRIPT_TOKEN_H
#define HAIL_SCRIPT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"
#include "lib/script/script.h"

struct err;

struct tokens {
	unsigned file;
	const char *at, *end;
	unsigned line;
	const char *line_start;
	const char *resume;      /* behind the heredocs of this statement; NULL: it has none */
	unsigned resume_line;
	const char *fault;       /* what the last error is about */
	unsigned unclosed;       /* how often JSON or a guessed heredoc had no end */
	bool cut;                /* a heredoc without an end took the rest of the file */
};

struct token {
	struct spot spot;
	struct slice whole;      /* as it stands there */
	struct slice body;       /* what it says: without quotes, escapes not undone */
	bool quoted;
	bool escaped;            /* \n and the like stand in the body */
	bool plain;              /* braces are no variables */
	unsigned flags;          /* of a regex: enum regex_flag */
	unsigned body_line;      /* where the body begins */
	const char *body_line_start;
};

void tokens_init(struct tokens *t, unsigned file, struct slice text);

/* Goes to the front of the next line that is neither empty nor a comment. false: there is none. */
bool tokens_line(struct tokens *t);

/* Goes over blanks. Whether the statement has something more in it; *t->at is its first byte. */
bool tokens_more(struct tokens *t);

/* Leaves the line behind, with the heredocs that belong to it. */
void tokens_skip(struct tokens *t);

/* The same after an error, when nobody knows what else was begun in the line: goes over the JSON
 * and the heredocs in the rest of it. `unclosed`: the JSON at t->at never ends: goes to the next
 * line that looks like a statement. */
void tokens_recover(struct tokens *t, bool unclosed);

/* The front of the line, for `step.line`: without blanks around it. */
struct slice tokens_shown(const struct tokens *t);

/* Whether the last word of the line is a '{'. */
bool tokens_opens_block(const struct tokens *t);

/* All take what stands at t->at, where something has to stand. -1 with a sentence and t->fault. */

int token_word(struct tokens *t, struct token *k);           /* up to the next blank */
int token_string(struct tokens *t, struct token *k, struct err *e);  /* "…", '…' or a word */
int token_rest(struct tokens *t, struct token *k);           /* to the end of the line */
int token_json(struct tokens *t, struct token *k, struct err *e);
int token_pattern(struct tokens *t, struct token *k, struct err *e);
int token_regex(struct tokens *t, struct token *k, struct err *e);   /* /…/ism */
int token_heredoc(struct tokens *t, struct token *k, struct err *e); /* <<END, <<'END' */

/* Whether a heredoc begins at t->at. */
bool tokens_at_heredoc(const struct tokens *t);

/* Where something in the body of a token stands. */
struct spot token_place(const struct tokens *t, const struct token *k, const char *at);

/* Undoes the escape at *at and moves *at behind it: up to four bytes of UTF-8, how many is
 * returned. 0: it is none, and *e says what was expected. */
size_t token_escape(const char **at, const char *end, char into[4], struct err *e);

#endif

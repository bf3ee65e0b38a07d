/* parse.h: what the files of the parser share; for nobody else.
 *
 *     parse ─▶ parse_step ─▶ parse_open, parse_party, parse_block, parse_file
 *                  │             └─▶ parse_expect ─▶ parse_condition ─▶ parse_check
 *                  └─▶ parse_payload, parse_clause, parse_word
 *     all of them ─▶ parse_text, parse_error;  at the end: parse_finish
 *
 * A function that returns -1, or NULL, has told an error; the statement is given up, the next line
 * is tried. What is gathered for a script stands in its arena, what is gathered for one statement
 * in piles that are used again. */
#ifndef HAIL_SCRIPT_PARSE_H
#define HAIL_SCRIPT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/script/symbols.h"
#include "lib/script/option.h"
#include "lib/script/script.h"
#include "lib/script/source.h"
#include "lib/script/text.h"
#include "lib/script/token.h"

struct verb_row;

/* --- piles: arrays that grow ------------------------------------------------------------- */

struct pile {
	size_t unit, max;                /* bytes of an item; how many there may be */
	void *items;
	size_t count, cap;
};

/* One more item, zeroed; NULL: there are `max` of them, or no memory. */
void *pile_add(struct pile *pile);
void pile_release(struct pile *pile);

/* --- what is known ----------------------------------------------------------------------- */

/* Of a party, by its last open. */
struct known_party {
	bool known;                      /* `transport` is */
	enum transport transport;
	bool publishes;
};

/* A compiled regex or pattern, which the script owns. */
struct kept {
	struct kept *next;
	struct regex *regex;
	struct pattern *pattern;
};

/* struct script with what nobody else has to see. */
struct script_owner {
	struct script script;
	struct kept *kept;
};

/* A file being read. */
struct reading {
	struct reading *from;            /* the file that includes it */
	struct tokens tokens;
	char *folder;
	char *place;                     /* without links; NULL: it is no file */
	uint64_t timeout_ns;
	struct region *region;           /* that was open when it began */
};

/* A block being read. */
struct region {
	struct region *outer;
	struct spot spot;
	bool parallel;
	bool lost;                       /* what opened it is no statement */
	size_t errors;                   /* that were told before it */
	struct symbols barriers;           /* of a parallel block */
	struct pile meetings;            /* size_t: for each of them the number in p->meetings */
};

/* What a parallel block is split into. */
struct strand_lines {
	size_t count;
};

/* A barrier. */
struct meeting {
	struct spot spot;                /* where it was met first */
	size_t strands;                  /* that have it */
	size_t last;                     /* the last of them, from 1 */
};

/* Where a piece of a text comes from. */
struct piece {
	struct text_part part;
	const char *source;
	bool filled;                     /* its bytes stand nowhere: they are a variable's value */
};

struct parser {
	const struct script_params *params;
	struct script *script;
	struct script_owner *owner;
	struct source source;
	struct reading *reading;
	struct region *region;           /* NULL: no block */
	unsigned depth;                  /* of files and blocks */
	unsigned step_number;
	bool stop;                       /* the script is beyond help, nothing more is read */
	bool unsure;                     /* a file is missing: names may be defined there */

	struct symbols parties, variables, uuids;
	struct pile party_facts;         /* struct known_party */
	struct pile defined;             /* struct slice: variables from the next line on */

	struct pile steps;               /* struct step: of all blocks that are open */
	struct pile meetings;            /* struct meeting */
	struct pile strands;             /* struct strand_lines */
	int strand_of[SCRIPT_PARTIES];   /* in the parallel block that is split; -1: none yet */
	struct pile conditions, saves, settings, codes, pieces;
	struct option_set set;           /* what the options of this open come to */
	struct option_lists lists;
	size_t ready;                    /* bytes of regexes and patterns that were compiled */

	struct script_errors *errors;
	struct spot places[SCRIPT_ERRORS];
	struct spot includes[SCRIPT_FILES];      /* where each file is included */
};

/* --- parse_error.c ----------------------------------------------------------------------- */

/* What is wrong at a place; always -1. The line is found by itself. */
int parse_error(struct parser *p, struct spot spot, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same at what is read next. */
int parse_error_here(struct parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same where the tokeniser has found it. */
int parse_error_token(struct parser *p, const struct err *why);

/* There is no memory left, or SCRIPT_MAX of it is in use. */
int parse_error_memory(struct parser *p);

/* An error of no place in particular. */
void parse_error_file(struct parser *p, const char *name, const char *text);

/* For sentences: the text of a token, shortened, in quotes; or "the end of the line". */
enum { PARSE_QUOTE = 64 };
const char *parse_quote(char into[PARSE_QUOTE], struct slice text);

/* The closest name, while errors are still kept. */
struct slice parse_guess(const struct parser *p, const struct symbols *names, struct slice name);

/* "; did you mean NAME?", or nothing. */
enum { PARSE_MEANT = 100 };
const char *parse_meant(char into[PARSE_MEANT], const char *before, struct slice name,
    const char *after);

/* --- parse.c ----------------------------------------------------------------------------- */

void *parse_take(struct parser *p, size_t size);

/* The items of a pile from the one of that number, copied into the arena; the pile loses them.
 * NULL also when there are none. */
void *parse_gathered(struct parser *p, struct pile *pile, size_t from);

/* Reads lines until the file, or the block, ends; true: a "}" ended it. */
bool parse_lines(struct parser *p);

/* --- parse_word.c ------------------------------------------------------------------------ */

/* The name of a variable in the line that is read: it is defined from the next line on. */
int parse_define(struct parser *p, struct slice name, struct spot spot, size_t *slot);

/* What the line defined is known from here on. */
void parse_known(struct parser *p);

/* -D: of several for one name the last counts. */
void parse_defines(struct parser *p);

/* Whether the next word is that; if so, it is read. */
bool parse_word(struct parser *p, const char *word);

/* A word that stands for itself; `what` is expected. */
int parse_bare(struct parser *p, struct token *k, const char *what);

/* A string or a word without variables, with a NUL behind it. */
const char *parse_constant(struct parser *p, struct token *k, const char *what);

int parse_time(struct parser *p, uint64_t *ns, const char *what);
int parse_name(struct parser *p, struct token *k, const char *what);
int parse_end(struct parser *p, const char *what);

/* --- parse_file.c ------------------------------------------------------------------------ */

/* Makes the text of a file, or that file, what `r` reads. -1: told, but for what *e says. */
int parse_begin_text(struct parser *p, struct reading *r, unsigned number, struct slice bytes);
int parse_begin_file(struct parser *p, struct reading *r, unsigned number, const char *name,
    struct err *e);

/* Reads a file that is included. */
int parse_include(struct parser *p, const struct token *name);

/* The bytes of a file that a line names, in the arena, with a NUL behind them. */
int parse_file(struct parser *p, const struct token *name, struct slice *bytes);

/* Where the file really is that a token names, relative to the one it stands in; malloc'ed. `hint`
 * ends the sentence about one that does not exist. */
char *parse_place(struct parser *p, const struct token *name, bool may_be_new, const char *hint);

/* --- parse_finish.c ---------------------------------------------------------------------- */

/* Makes a script of what was gathered. */
void parse_finish(struct parser *p);

/* --- parse_step.c ------------------------------------------------------------------------ */

/* Reads a statement; the step goes onto the pile, if it is one. */
int parse_statement(struct parser *p);

/* --- parse_party.c ----------------------------------------------------------------------- */

/* A line that begins with `name`, which is no word of the language. */
int parse_party(struct parser *p, struct step *step, const struct token *name);

/* --- parse_clause.c ---------------------------------------------------------------------- */

enum parse_clause {
	CLAUSE_WITHIN = 1,
	CLAUSE_AS = 2,
	CLAUSE_SAVE = 4,
	CLAUSE_SAVE_HEADER = 8,
};

/* The clauses up to the end of the statement. */
int parse_clauses(struct parser *p, struct step *step, unsigned allowed);

/* Codes: "1000,1001", each of which `fits`. Onto the pile. */
int parse_codes(struct parser *p, bool (*fits)(unsigned code), const char *what);
bool parse_is_close_code(unsigned code);
bool parse_is_status(unsigned code);

/* --- parse_open.c ------------------------------------------------------------------------ */

int parse_open(struct parser *p, struct step *step);
int parse_http(struct parser *p, struct step *step);

/* --- parse_expect.c ---------------------------------------------------------------------- */

int parse_expect(struct parser *p, struct step *step, const struct known_party *party);

/* Conditions on the answer to a request. */
int parse_answer(struct parser *p, struct step *step);

/* --- parse_condition.c ------------------------------------------------------------------- */

/* What the conditions of a line may be. */
enum about {
	ABOUT_MESSAGE = 1,
	ABOUT_ANSWER = 2,                /* status, header */
	ABOUT_BODY = 4,                  /* of an answer: all but event and id */
};

/* An expectation being read. */
struct expecting {
	struct parser *p;
	unsigned about;
	bool defines;                    /* named groups become variables */
};

/* Conditions up to a clause or the end of the statement. */
int parse_conditions(struct expecting *x, struct expect *expect);

/* For sentences: what may stand there. */
const char *parse_expected(const struct expecting *x);

/* Whether a word ends the conditions. */
bool parse_is_clause(struct slice word);

struct text *parse_string(struct parser *p, struct token *k, const char *what);

/* A JSON Pointer. */
const char *parse_pointer(struct parser *p, struct token *k);

/* The name of a header field. */
const char *parse_field(struct parser *p, struct token *k);

/* --- parse_payload.c --------------------------------------------------------------------- */

struct payload {
	enum message_kind kind;
	struct text *text;
	const char *type;                /* Content-Type */
};

/* Whether anything is there: what begins with a '#' is a payload, too. */
bool parse_has_payload(struct parser *p);

/* `bare`: words to the end of the line are text. */
int parse_payload(struct parser *p, struct payload *payload, bool bare);

/* The resolved path of "@FILE", a snapshot, which need not exist when new ones are made. */
const char *parse_snapshot(struct parser *p, struct token *k);

/* Pairs of hexadecimal digits, as many as follow. */
struct text *parse_hex(struct parser *p);

/* --- parse_text.c ------------------------------------------------------------------------ */

enum parse_text_flag {
	PARSE_OPEN_URL = 1,              /* what polls fill in stays */
	PARSE_PATTERN = 2,               /* there may be regexes in the JSON */
};

/* Whether what begins at this brace has the form of a variable. */
bool parse_is_variable(const char *at, const char *end);

struct text *parse_text(struct parser *p, const struct token *k, enum text_form form,
    unsigned flags);

/* A text of bytes that stand in the arena. */
struct text *parse_bytes(struct parser *p, struct slice bytes);

/* The text that was compiled last with something in the place of its variables; malloc'ed. */
int parse_stand_in(struct parser *p, const struct text *t, struct buf *into);

/* Where a byte of that stands in the script. */
struct spot parse_source(struct parser *p, const struct token *k, const struct text *t,
    size_t at);

/* --- parse_check.c ----------------------------------------------------------------------- */

/* Compiles what is constant, tries what is not; for right behind parse_text. `defines`: named
 * groups become variables. */
int parse_regex(struct parser *p, const struct token *k, struct condition *c, bool defines);
int parse_pattern(struct parser *p, const struct token *k, struct condition *c, bool defines);

/* Whether a payload is JSON; `hint` ends the sentence. */
int parse_json(struct parser *p, const struct token *k, const struct text *t, const char *hint);

/* --- parse_block.c ----------------------------------------------------------------------- */

int parse_block(struct parser *p, struct step *step, const struct token *verb);
int parse_barrier(struct parser *p, struct step *step);

/* Behind a line that is no statement: if it opens a block all the same, goes through that, so that
 * its lines are looked at and its } is none too many. Always -1. */
int parse_lost_block(struct parser *p, const struct token *word);

/* --- what script.c calls ----------------------------------------------------------------- */

/* `folder` NULL: that of the name. text.data NULL: the file of that name is read. */
struct script *parse_script(const char *name, struct slice text, const char *folder,
    const struct script_params *params, struct script_errors *errors);

#endif

/* script.h: a script as it was read: a tree of steps, shared by all who play it, and immutable.
 * What the language is, hail-script(5) says.
 *
 *     files ─▶ source ─▶ token ─▶ parse ─▶ script ─▶ player ─▶ whoever watches
 */
#ifndef HAIL_SCRIPT_SCRIPT_H
#define HAIL_SCRIPT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/base/transport.h"
#include "lib/channel/channel.h"

struct pattern;
struct regex;
struct script_option;
struct text;

enum {
	SCRIPT_FILES = 64,               /* with those that are included */
	SCRIPT_DEPTH = 16,               /* of files and blocks within each other */
	SCRIPT_FILE_MAX = 16 << 20,      /* bytes of a file, also of one that is sent */
	SCRIPT_MAX = 64 << 20,           /* bytes of memory for a script */
	SCRIPT_STEPS = 100000,
	SCRIPT_PARTIES = 1000,
	SCRIPT_ERRORS = 50,              /* told; more are only counted */
	SCRIPT_TOLD = 100,               /* bytes of a line or a message in an error */
};

#define SCRIPT_FOREVER UINT64_MAX

/* Where something stands; line and column from 1, the column in bytes. */
struct spot {
	unsigned file;                   /* of script->files */
	unsigned line, column;
};

struct script_file {
	const char *name;                /* as it was written, relative to where hail runs */
	const char *folder;              /* that what it names is relative to */
	struct slice text;
};

/* A variable. */
struct script_slot {
	const char *name;
	const char *value;               /* that it begins with (-D); NULL: none */
	size_t len;
};

/* In the order of verb_rows (verb.h). */
enum verb {
	VERB_OPEN,
	VERB_SEND,
	VERB_EXPECT,                     /* <, <!, < none, < close, < status, < failed */
	VERB_PING,
	VERB_CLOSE,
	VERB_DROP,
	VERB_RECONNECT,
	VERB_RESUME,
	VERB_PAUSE,
	VERB_CONTINUE,
	VERB_CLEAR,
	VERB_NO_MORE,
	VERB_BARRIER,
	VERB_HTTP,
	VERB_SET,
	VERB_WAIT,
	VERB_EXEC,
	VERB_REPEAT,
	VERB_PARALLEL,
	VERB_DO,
	VERB_TIMEOUT,                    /* and what follows is done with once it is parsed */
	VERB_INCLUDE,
	VERBS,
};

struct step;

struct block {
	size_t count;
	struct step *steps;
};

/* --- expectations ------------------------------------------------------------------------ */

enum condition_kind {
	CONDITION_ANY,
	CONDITION_TEXT,                  /* exactly that */
	CONDITION_CONTAINS,
	CONDITION_REGEX,
	CONDITION_JSON,
	CONDITION_PATH,                  /* what `pointer` points to stands in a relation to a JSON
	                                  * value */
	CONDITION_HEX,                   /* exactly those bytes, binary or not */
	CONDITION_EVENT,
	CONDITION_ID,
	CONDITION_STATUS,                /* of an answer: `codes` */
	CONDITION_HEADER,                /* of an answer: a field `pointer`, by text or regex, or
	                                  * neither: that it is there */
};

enum relation {
	RELATION_EQUAL,                  /* as a pattern: with wildcards */
	RELATION_UNEQUAL,                /* there, and not that */
	RELATION_LESS,
	RELATION_AT_MOST,
	RELATION_MORE,
	RELATION_AT_LEAST,
};

struct condition {
	enum condition_kind kind;
	struct spot spot;
	struct text *text;               /* of text, contains, json, a path, event, id, a header; of
	                                  * hex the bytes, constant; NULL: as the kind has it */
	struct text *regex;              /* of regex and header; NULL: none */
	unsigned regex_flags;            /* enum regex_flag */
	const struct regex *ready_regex; /* when that is constant; else NULL */
	const struct pattern *ready_pattern;     /* of json and path, the same */
	const char *pointer;             /* of a path: JSON Pointer; of a header: its name */
	enum relation relation;          /* of a path */
	bool exactly;                    /* of json: objects have no other members */
	const char *snapshot;            /* of json @FILE: the file, relative to where hail runs;
	                                  * NULL: it stands in the script */
	size_t code_count;
	const unsigned *codes;           /* of status */
};

enum save_kind {
	SAVE_WHOLE,                      /* the message or body, or what exec printed */
	SAVE_POINTER,
	SAVE_HEADER,
};

struct save {
	enum save_kind kind;
	size_t slot;
	const char *what;                /* the pointer, the field's name */
	struct spot spot;
};

enum expect_kind {
	EXPECT_MESSAGE,
	EXPECT_NONE,                     /* none that fulfils the conditions, for `window_ns` */
	EXPECT_CLOSE,                    /* the end, however it came; with codes: one of those */
	EXPECT_ANSWER,                   /* status, header: of the answer to opening */
	EXPECT_FAILED,                   /* opening failed; `class`: how, ERR_NONE: no matter */
};

struct expect {
	enum expect_kind kind;
	bool next;                       /* <!: no other message may come before it */
	size_t condition_count;
	const struct condition *conditions;      /* all must be fulfilled */
	size_t save_count;
	const struct save *saves;
	uint64_t window_ns;
	size_t code_count;
	const unsigned *codes;           /* of close */
	struct text *reason;             /* of close; NULL: no matter */
	enum err_class class;
};

/* --- steps ------------------------------------------------------------------------------- */

/* An option of open or http, see option.h. */
struct setting {
	const struct script_option *option;
	struct text *value;              /* NULL: it takes none */
	const struct script *names;      /* the script, if the value names a file or a socket */
	struct spot spot;
};

struct settings {
	size_t count;
	const struct setting *items;
	bool constant;                   /* no value has a variable */
};

struct open_step {
	bool transport_given;
	enum transport transport;        /* if so */
	struct text *url;
	struct settings settings;
	bool refusable;                  /* the next line of the party is about the refusal: that is
	                                  * no failure by itself. Of reconnect and resume, too */
};

struct send_step {
	enum message_kind kind;
	struct text *data;
};

struct http_step {
	const char *method;
	struct text *url;
	struct settings settings;
	struct text *body;               /* NULL: none */
	const char *type;                /* of a body: Content-Type unless a header says it */
	struct expect expect;            /* of kind EXPECT_ANSWER; conditions on the body, too.
	                                  * Without a condition on the status: 200 to 299 */
};

struct close_step {
	unsigned code;                   /* 0: none */
	struct text *reason;             /* NULL: none */
};

struct repeat_step {
	uint64_t times;                  /* SCRIPT_FOREVER */
	bool counts;                     /* `slot` takes the number of the round, from 1 */
	size_t slot;
	struct block block;
};

/* The lines of each party make a strand, in their order; any other line is a strand of its own. */
struct parallel_step {
	size_t count;
	struct block *strands;
};

/* A place where several strands wait for each other. */
struct barrier_step {
	size_t number;                   /* of script->barriers */
};

struct exec_step {
	struct text *command;            /* for sh -c */
	size_t save_count;               /* of what was printed */
	const struct save *saves;
};

struct step {
	enum verb verb;
	unsigned number;                 /* of all steps, from 0, as they stand there */
	struct spot spot;
	struct slice line;               /* as it stands there, without what surrounds it; of more
	                                  * lines the first */
	int party;                       /* -1: none */
	const char *label;               /* `as`; NULL: none */
	uint64_t limit_ns;               /* `within`, or `timeout`; 0: --timeout */
	union {
		struct open_step open;           /* of reconnect and resume: `refusable` only */
		struct send_step send;
		struct expect expect;
		struct close_step close;
		struct http_step http;
		struct { size_t slot; struct text *value; } set;
		uint64_t wait_ns;
		struct exec_step exec;
		struct repeat_step repeat;
		struct parallel_step parallel;
		struct barrier_step barrier;
		struct block block;              /* of do */
	};
};

struct script {
	const char *name;                /* of the file, as it was given */
	size_t file_count;
	struct script_file files[SCRIPT_FILES];
	size_t slot_count;
	struct script_slot *slots;
	size_t party_count;
	const char **parties;
	size_t uuid_count;
	size_t barrier_count;
	size_t *barriers;                /* how many strands meet at each */
	char *root;                      /* the folder that its files must be in, without links;
	                                  * NULL: it may name none */
	bool allow_exec;                 /* it may run commands, and reach any socket */
	bool executes;                   /* there is an exec */
	bool endless;                    /* there is a repeat forever */
	size_t step_count;
	struct step **steps;             /* all of them by number */
	struct block body;
	struct arena arena;              /* all of it */
};

/* --- reading ----------------------------------------------------------------------------- */

struct script_define {
	const char *name, *value;
};

struct script_params {
	const struct script_define *defines;     /* -D */
	size_t define_count;
	const char *root;                /* the folder that files named in scripts must be in; NULL:
	                                  * that of the script */
	bool allow_exec;
	bool new_snapshots;              /* a snapshot need not exist */
	const char *(*environment)(const char *name);    /* of {env:NAME}; NULL: not set */
};

struct script_error {
	char file[200];                  /* its name */
	unsigned line, column;           /* 0: of the file as a whole */
	char text[248];                  /* what, what was expected */
	char shown[SCRIPT_TOLD * 4];     /* the line, or the part of it that matters, cut to
	                                  * SCRIPT_TOLD bytes; no control characters */
	unsigned caret;                  /* where in `shown` it is, in columns from 0 */
};

struct script_errors {
	size_t count;                    /* more than SCRIPT_ERRORS were not kept */
	struct script_error items[SCRIPT_ERRORS];
};

/* Reads a script and all it includes. NULL: *errors says why, for all of it in one go, in the order
 * of the lines. Nothing is opened but files within the root. */
struct script *script_read(const char *path, const struct script_params *params,
    struct script_errors *errors);

/* The same from a text of that name, for tests; what it includes is looked for in `folder`. */
struct script *script_parse(const char *name, struct slice text, const char *folder,
    const struct script_params *params, struct script_errors *errors);

/* NULL is fine. */
void script_free(struct script *s);

#endif

/* err.h: one error value for the whole program.
 *
 * The sentence is written where the thing happened, with the place and what was expected.
 * The classes are at once the counters of a report (connections.errors) and the source of
 * the exit code. Libraries fill in a struct err and return -1; only cli/ prints and exits. */
#ifndef HAIL_BASE_ERR_H
#define HAIL_BASE_ERR_H

enum err_class {
	ERR_NONE,
	ERR_USAGE,       /* what the user asked for makes no sense */
	ERR_RESOLVE,     /* a name has no address */
	ERR_CONNECT,     /* no TCP connection */
	ERR_TLS,
	ERR_HANDSHAKE,   /* the upgrade was answered, but wrongly */
	ERR_HTTP,        /* the server answered with another status; code is the status */
	ERR_PROTOCOL,    /* the peer broke the protocol; code is the close code it deserves */
	ERR_CLOSED,      /* the connection ended when it should not have; code is the close code */
	ERR_TIMEOUT,
	ERR_MATCH,       /* an expectation of a script failed */
	ERR_IO,          /* a local file or system call; code is errno */
	ERR_LIMIT,       /* something grew beyond its maximum */
	ERR_MEMORY,
	ERR_INTERRUPTED,
	ERR_CLASSES,     /* how many there are */
};

struct err {
	enum err_class class;
	int code;            /* errno, HTTP status or close code, as the class says; else 0 */
	char text[248];      /* one sentence of UTF-8, no full stop, no control characters */
};

/* Sets *e and returns -1, so that a failing function ends in `return err_set(…)`. A `%m`-like
 * text of errno is the caller's to add. Bytes that may not be in `text` become '?', so that a
 * peer's words can be quoted as they came. NULL e is fine: nothing is recorded. */
int err_set(struct err *e, enum err_class class, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The name used as a counter in results: "connect", "http", … */
const char *err_class_name(enum err_class class);

/* The exit code for a command that ends because of this class (hail(1), EXIT STATUS). */
int err_exit_code(enum err_class class);

enum exit_code {
	EXIT_FINE = 0,
	EXIT_CHECK = 1,        /* a check failed */
	EXIT_USAGE = 2,
	EXIT_CONNECTION = 3,   /* could not connect, upgrade refused or connection lost */
	EXIT_INVALID = 4,      /* the run is not valid */
	EXIT_LOCAL = 5,        /* a local file or system error */
	EXIT_INTERRUPTED = 130,
};

#endif

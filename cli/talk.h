/* talk.h: what `hail connect` does with a conversation, whoever watches: what is sent when it
 * opens, when enough was heard, how it ends and with which exit code. */
#ifndef HAIL_CLI_TALK_H
#define HAIL_CLI_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/session/conversation.h"

struct err;
struct loop;
struct record_params;
struct talk;
struct view;

#define TALK_NO_LIMIT UINT64_MAX

struct talk_params {
	struct conversation_params conversation;
	const struct record_params *record;  /* lent; how a script says what is recorded */
	const char *const *on_open;          /* sent whenever it opens, … */
	size_t on_open_count;
	const char *const *messages;         /* … then these, which are the whole input */
	size_t message_count;
	bool binary;                         /* messages go out as binary */
	bool echo;                           /* each message goes back as it came */
	bool listens;                        /* there is no input; replies are not waited for */
	bool stays;                          /* the end of input does not end the talk */
	uint64_t count;                      /* messages to receive, then it ends; 0: no matter */
	uint64_t wait;                       /* ns for replies once the input has ended */
	uint64_t linger;                     /* ns to stay open then in any case */
};

struct talk_events {
	/* More input may come: it is open and nothing waits. */
	void (*ready)(void *ctx);
	/* No input now: what is sent would have to wait. */
	void (*busy)(void *ctx);
	/* It is over; the last call. */
	void (*over)(void *ctx);
};

/* `view` is told of everything and lent. NULL with *e. */
struct talk *talk_new(struct loop *l, const struct talk_params *p, struct view *view,
    const struct talk_events *events, void *ctx, struct err *e);

/* NULL is fine. */
void talk_free(struct talk *t);

/* Sends one message. false: not now (`ready` will come); nothing was sent. Text that is not UTF-8
 * cannot be sent as text: the caller has to check. */
bool talk_send(struct talk *t, enum message_kind kind, const void *data, size_t len);

/* Sends a message from the command's input, of the kind that talk_params asks for. */
bool talk_say(struct talk *t, const char *text, size_t len);

/* Asks for a pong because the user says so. false: not now. */
bool talk_ping(struct talk *t);

/* No more input will come: ends in order once everything was answered. */
void talk_input_ended(struct talk *t);

/* Stops with a code of its own: the input was bad, the output is gone. NULL: quietly and well.
 * What still comes is not shown. */
void talk_stop(struct talk *t, const struct err *why);

/* Ctrl-C: the first closes in order, the second ends at once. */
void talk_interrupt(struct talk *t);

/* Pauses and resumes the receiving of messages, while the output is full. */
void talk_hold(struct talk *t, bool hold);

/* Closes because the user says so. */
void talk_close(struct talk *t, unsigned code, const char *reason);

/* Writes what is said from now on as a script to `path`; NULL ends that. What was recorded before
 * is finished first. -1 with class ERR_IO. */
int talk_record(struct talk *t, const char *path, struct err *e);

/* NULL when an interrupt has ended it at once. */
struct conversation *talk_conversation(struct talk *t);

int talk_exit_code(const struct talk *t);

#endif

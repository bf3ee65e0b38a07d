/* failure.h: the broken promise as it is told, with the memory of what it tells. For the files that
 * play, nobody else. All take NULL, and then do nothing; without memory there is less to tell. */
#ifndef HAIL_SCRIPT_FAILURE_H
#define HAIL_SCRIPT_FAILURE_H

#include "lib/base/arena.h"
#include "lib/script/player.h"

struct answer;
struct buf;
struct inbox;
struct mail;
struct match;

struct failure {
	struct player_failure f;
	struct arena arena;
};

/* NULL: no memory. */
struct failure *failure_new(void);
void failure_free(struct failure *f);

void failure_expected(struct failure *f, const char *text);

/* The conditions, and words around them; NULL: none. */
void failure_expected_match(struct failure *f, const char *front, const struct match *m,
    const char *back);

/* A message, and what is the matter with it. */
void failure_skip(struct failure *f, const struct player_skipped *m, struct slice why);

/* All of an inbox, of which the last are told, each with the reason why it does not fulfil the
 * conditions. `began`: what came before that was there already. */
void failure_skip_all(struct failure *f, const struct inbox *b, struct match *m, uint64_t began);

void failure_state(struct failure *f, const struct buf *text);

/* What is told of a message that is kept. */
struct player_skipped failure_skipped(const struct mail *m);

#endif

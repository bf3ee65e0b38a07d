/* loop.h: the event loop of the client, a thin dress over libevent.
 *
 * It adds what every connection needs and libevent does not say by itself: one read buffer and
 * one write buffer that all connections share, a clock read once per event, memory that is
 * given back at the end of the turn, and an alarm finer than libevent's milliseconds.
 *
 * One loop per process and no threads; two loops in one process do not disturb each other. */
#ifndef HAIL_LOOP_LOOP_H
#define HAIL_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <event2/event_struct.h>

struct err;
struct loop;

enum { LOOP_BUFFER = 256 * 1024 };   /* bytes of each shared buffer */

struct loop *loop_new(struct err *e);

/* Everything that was deferred is run first. Connections and timers must be gone already. */
void loop_free(struct loop *l);

struct event_base *loop_base(struct loop *l);

/* Runs until loop_stop, or until nothing is left to wait for. -1: the poll itself failed. */
int loop_run(struct loop *l, struct err *e);

/* The turn under way is finished, then loop_run returns. */
void loop_stop(struct loop *l);

/* Shared scratch of LOOP_BUFFER bytes. What stands in it is lost when the callback returns. */
uint8_t *loop_read_buffer(struct loop *l);
uint8_t *loop_write_buffer(struct loop *l);

/* --- timers: libevent's, good to a millisecond ------------------------------------------ */

struct loop_timer {
	struct event event;
};

void loop_timer_init(struct loop_timer *t, struct loop *l, event_callback_fn fire, void *ctx);

/* (Re)arms. A zero wait fires in the next turn. */
void loop_timer_set(struct loop_timer *t, uint64_t wait_ns);

void loop_timer_clear(struct loop_timer *t);

/* --- alarm: one timerfd, good to some microseconds, at an absolute time ------------------ */

struct loop_alarm {
	struct event event;
	int fd;
};

int loop_alarm_init(struct loop_alarm *a, struct loop *l, event_callback_fn fire, void *ctx,
    struct err *e);

/* Fires once clock_ns() has reached `at_ns`; at once when that is past. Rearming replaces. The
 * callback must rearm or clear: until then the alarm stays readable. */
void loop_alarm_set(struct loop_alarm *a, uint64_t at_ns);

void loop_alarm_clear(struct loop_alarm *a);

void loop_alarm_release(struct loop_alarm *a);

/* --- deferred work ----------------------------------------------------------------------- */

/* A member of whatever is to be freed later. */
struct loop_deferred {
	struct loop_deferred *next;
	void (*run)(struct loop_deferred *);
};

/* Runs `run` at the end of this turn, once, in order. A callback may so free its own object. */
void loop_defer(struct loop *l, struct loop_deferred *d, void (*run)(struct loop_deferred *));

/* Runs what was deferred now: for whoever takes everything down, and in no callback. */
void loop_settle(struct loop *l);

#endif

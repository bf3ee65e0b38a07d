#include "lib/loop/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"

struct loop {
	struct event_base *base;
	struct event reaper;
	struct loop_deferred *first, **last;
	uint8_t read_buffer[LOOP_BUFFER];
	uint8_t write_buffer[LOOP_BUFFER];
};

void
loop_settle(struct loop *l)
{
	struct loop_deferred *d;

	while ((d = l->first) != NULL) {
		l->first = d->next;
		if (l->first == NULL)
			l->last = &l->first;
		d->run(d);
	}
}

static void
reap(evutil_socket_t fd, short events, void *ctx)
{
	(void)fd;
	(void)events;
	loop_settle(ctx);
}

/* The changelist merges changes of interest in one descriptor into one epoll_ctl a turn. */
static struct event_base *
new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (config == NULL)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV |
	    EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct loop *
loop_new(struct err *e)
{
	struct loop *l = malloc(sizeof *l);

	if (l == NULL || (l->base = new_base()) == NULL) {
		free(l);
		err_set(e, ERR_MEMORY, 0, "no memory for an event loop");
		return NULL;
	}
	l->first = NULL;
	l->last = &l->first;
	event_assign(&l->reaper, l->base, -1, 0, reap, l);
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	reap(-1, 0, l);
	event_del(&l->reaper);
	event_base_free(l->base);
	free(l);
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}

int
loop_run(struct loop *l, struct err *e)
{
	if (event_base_dispatch(l->base) < 0)
		return err_set(e, ERR_IO, errno, "the event loop failed: %s", strerror(errno));
	return 0;
}

void
loop_stop(struct loop *l)
{
	event_base_loopexit(l->base, NULL);
}

uint8_t *
loop_read_buffer(struct loop *l)
{
	return l->read_buffer;
}

uint8_t *
loop_write_buffer(struct loop *l)
{
	return l->write_buffer;
}

void
loop_timer_init(struct loop_timer *t, struct loop *l, event_callback_fn fire, void *ctx)
{
	evtimer_assign(&t->event, l->base, fire, ctx);
}

void
loop_timer_set(struct loop_timer *t, uint64_t wait_ns)
{
	struct timeval wait = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
	    .tv_usec = (suseconds_t)(wait_ns % NS_PER_S / NS_PER_US)};

	evtimer_add(&t->event, &wait);
}

void
loop_timer_clear(struct loop_timer *t)
{
	evtimer_del(&t->event);
}

int
loop_alarm_init(struct loop_alarm *a, struct loop *l, event_callback_fn fire, void *ctx,
    struct err *e)
{
	a->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (a->fd < 0)
		return err_set(e, ERR_IO, errno, "cannot make a timer: %s", strerror(errno));
	event_assign(&a->event, l->base, a->fd, EV_READ | EV_PERSIST, fire, ctx);
	event_add(&a->event, NULL);
	return 0;
}

/* Setting a timerfd also forgets that it had expired, so it is never read. */
static void
set_timerfd(int fd, uint64_t at_ns)
{
	struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at_ns / NS_PER_S),
	    .tv_nsec = (long)(at_ns % NS_PER_S)}};

	timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void
loop_alarm_set(struct loop_alarm *a, uint64_t at_ns)
{
	set_timerfd(a->fd, at_ns > 0 ? at_ns : 1);
}

void
loop_alarm_clear(struct loop_alarm *a)
{
	set_timerfd(a->fd, 0);
}

void
loop_alarm_release(struct loop_alarm *a)
{
	event_del(&a->event);
	close(a->fd);
	a->fd = -1;
}

void
loop_defer(struct loop *l, struct loop_deferred *d, void (*run)(struct loop_deferred *))
{
	d->next = NULL;
	d->run = run;
	*l->last = d;
	l->last = &d->next;
	event_active(&l->reaper, EV_TIMEOUT, 0);
}

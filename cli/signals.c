#include "cli/signals.h"

#include <signal.h>
#include <stdbool.h>

/* nohup(1) has said that the end of the terminal is none of our business. */
static bool
is_ignored(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void
signals_take(struct signals *s, struct loop *l, event_callback_fn fire, void *ctx)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	size_t wanted = is_ignored(SIGHUP) ? 2 : 3;

	signal(SIGPIPE, SIG_IGN);
	while (s->count < wanted) {
		struct event *event = &s->events[s->count];

		evsignal_assign(event, loop_base(l), numbers[s->count], fire, ctx);
		evsignal_add(event, NULL);
		s->count++;
	}
}

void
signals_leave(struct signals *s)
{
	while (s->count > 0)
		evsignal_del(&s->events[--s->count]);
}

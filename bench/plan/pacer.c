#include "bench/plan/pacer.h"

#include "lib/base/clock.h"

static uint64_t
due_of(const struct pacer *p, const struct pacer_cursor *c)
{
	double position = p->arrival == PACER_POISSON ? c->sum : (double)c->number;

	return (uint64_t)(position / p->rate * (double)NS_PER_S);
}

void
pacer_start(const struct pacer *p, struct pacer_cursor *c)
{
	*c = (struct pacer_cursor){0};
	if (p->arrival == PACER_POISSON) {
		rng_init(&c->rng, p->seed);
		c->sum = rng_exponential(&c->rng);
	}
	c->due_ns = due_of(p, c);
}

void
pacer_step(const struct pacer *p, struct pacer_cursor *c)
{
	c->number++;
	if (p->arrival == PACER_POISSON)
		c->sum += rng_exponential(&c->rng);
	c->due_ns = due_of(p, c);
}

uint64_t
pacer_due(const struct pacer *p, uint64_t number)
{
	struct pacer_cursor c;

	pacer_start(p, &c);
	if (p->arrival == PACER_CONSTANT)
		c.number = number;
	while (c.number < number)
		pacer_step(p, &c);
	return due_of(p, &c);
}

uint64_t
pacer_count(const struct pacer *p, uint64_t ns)
{
	struct pacer_cursor c;

	pacer_start(p, &c);
	if (p->arrival == PACER_CONSTANT && ns > NS_PER_S) {
		c.number = (uint64_t)((double)(ns - NS_PER_S) / (double)NS_PER_S * p->rate);
		c.due_ns = due_of(p, &c);
	}
	while (c.due_ns < ns)
		pacer_step(p, &c);
	return c.number;
}

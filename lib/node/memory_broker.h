/* memory_broker.h: a broker without Redis: the history of each topic is a ring in memory,
 * and live messages are handed over before publish returns.
 *
 * Ids are the wall clock's milliseconds and a number, and rise over all topics, even when
 * the clock steps back. At most 10,000 topics are kept; then the one that was used least
 * recently is forgotten, together with its history. */
#ifndef HAIL_NODE_MEMORY_BROKER_H
#define HAIL_NODE_MEMORY_BROKER_H

#include <stdint.h>

#include "lib/node/broker.h"

/* Keeps `history` messages for each topic. NULL: no memory. */
struct broker *memory_broker_new(uint64_t history, const struct broker_events *events);

#endif

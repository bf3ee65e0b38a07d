/* editor_parts.h: what cli/editor.c, which runs libedit, and cli/editor_keys.c, which tells it
 * what keys do, share. */
#ifndef HAIL_CLI_EDITOR_PARTS_H
#define HAIL_CLI_EDITOR_PARTS_H

#include <histedit.h>
#include <stdbool.h>
#include <stdio.h>
#include <ucontext.h>
#include <wchar.h>

#include "cli/editor.h"
#include "cli/search.h"
#include "lib/base/buf.h"

enum {
	EDITOR_PASTE_KEY = 0x1e,         /* Ctrl-^, which libedit leaves free */
	EDITOR_ACCEPT_KEY = 0x10ffff,    /* ends a search and nothing else */
};

struct editor {
	EditLine *el;
	HistoryW *history;
	FILE *screen;                /* what libedit draws on: nothing is kept of it */
	int master, slave;           /* the pseudo terminal */
	char *clear;                 /* the bytes that clear the screen; NULL: none */
	bool rang, cleared;

	ucontext_t inside, outside;
	void *stack;
	wchar_t key;                 /* what libedit reads next */
	bool has_key;

	wchar_t *paste;              /* to be inserted; NULL: nothing */
	bool pasted;                 /* the paste ended the line */
	struct search search;
	bool searching;
	enum editor_outcome outcome;
	struct buf text;
};

struct editor *editor_of(EditLine *el);

/* Adds the commands of our own and binds keys, reads the user's editrc(5) in between. */
void editor_bind(struct editor *e);

#endif

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/editor_parts.h"
#include "cli/slash.h"

enum {
	CTRL_G = 'G' & 0x1f,
	CTRL_H = 'H' & 0x1f,
	CTRL_R = 'R' & 0x1f,
	CTRL_S = 'S' & 0x1f,
	DELETE = 0x7f,
};

struct editor *
editor_of(EditLine *el)
{
	struct editor *e = NULL;

	el_wget(el, EL_CLIENTDATA, &e);
	return e;
}

/* --- commands, called by libedit inside ------------------------------------------------- */

static unsigned char
take_paste(EditLine *el, wint_t c)
{
	struct editor *e = editor_of(el);
	wchar_t *paste = e->paste;

	(void)c;
	if (paste == NULL)
		return CC_ERROR;
	e->paste = NULL;
	if (el_winsertstr(el, paste) != 0)
		e->rang = true;
	e->pasted = wcschr(paste, L'\n') != NULL;
	free(paste);
	return e->pasted ? CC_NEWLINE : CC_REFRESH;
}

/* Tab completes the name of a slash command and is a tab anywhere else. */
static unsigned char
complete(EditLine *el, wint_t c)
{
	const LineInfoW *line = el_wline(el);
	size_t len = (size_t)(line->cursor - line->buffer), more;
	wchar_t insert[64];
	const char *rest;
	char start[64];
	bool whole;

	(void)c;
	if (len == 0 || len >= sizeof start || line->buffer[0] != L'/' ||
	    wmemchr(line->buffer, L' ', len) != NULL)
		return el_winsertstr(el, L"\t") == 0 ? CC_REFRESH : CC_ERROR;
	for (size_t i = 1; i < len; i++)
		start[i - 1] = line->buffer[i] < 0x7f ? (char)line->buffer[i] : '?';
	more = slash_complete(start, len - 1, &rest, &whole);
	for (size_t i = 0; i < more; i++)
		insert[i] = (unsigned char)rest[i];
	insert[more] = L'\0';
	if (whole)
		wcscat(insert, L" ");
	if (rest == NULL || *insert == L'\0' || el_winsertstr(el, insert) != 0)
		return CC_ERROR;
	return CC_REFRESH;
}

static void
set_line(EditLine *el, const wchar_t *text, size_t cursor)
{
	const LineInfoW *line = el_wline(el);
	int len = (int)(line->lastchar - line->buffer);

	el_cursor(el, len);
	el_wdeletestr(el, len);
	if (*text != L'\0')
		el_winsertstr(el, text);
	el_cursor(el, (int)cursor - (int)wcslen(text));
}

/* One key of a search; true when it is over. */
static bool
search_key(struct editor *e, wchar_t c)
{
	wchar_t again[2] = {c, L'\0'};

	if (c == EDITOR_ACCEPT_KEY)
		return true;
	if (c == CTRL_R)
		search_older(&e->search);
	else if (c == CTRL_S)
		search_newer(&e->search);
	else if (c == DELETE || c == CTRL_H)
		search_drop(&e->search);
	else if (c >= L' ')
		search_add(&e->search, c);
	else if (c != CTRL_G)
		el_wpush(e->el, again);      /* acts on the line that was found */
	e->rang = e->rang || e->search.failed;
	return c < L' ' && c != CTRL_R && c != CTRL_S && c != CTRL_H;
}

/* Ctrl-R: any key that is no letter ends it, with the line that was found; Ctrl-G brings the
 * line of before back. */
static unsigned char
search(EditLine *el, wint_t c)
{
	struct editor *e = editor_of(el);
	const LineInfoW *line = el_wline(el);
	size_t len = (size_t)(line->lastchar - line->buffer), cursor = 0;
	wchar_t *before = calloc(len + 1, sizeof *before), key = (wchar_t)c;
	bool over = before == NULL;

	if (before != NULL) {
		cursor = (size_t)(line->cursor - line->buffer);
		wmemcpy(before, line->buffer, len);
	}
	search_init(&e->search, e->history);
	e->searching = true;
	while (!over && el_wgetc(el, &key) == 1) {
		over = search_key(e, key);
		if (e->search.found != NULL)
			set_line(el, e->search.found, search_offset(&e->search));
	}
	e->searching = false;
	if (key == CTRL_G && before != NULL)
		set_line(el, before, cursor);
	free(before);
	return CC_REFRESH;
}

static void
bind(EditLine *el, const wchar_t *key, const wchar_t *command)
{
	el_wset(el, EL_BIND, key, command, NULL);
}

static void
bind_controls(EditLine *el)
{
	bind(el, L"^R", L"hail-search");
	bind(el, L"^I", L"hail-complete");
}

/* Before the user's file, which may say otherwise. */
static void
bind_keys(EditLine *el)
{
	static const struct {
		const wchar_t *key, *command;
	} keys[] = {
		{L"\\e[A", L"ed-search-prev-history"}, {L"\\eOA", L"ed-search-prev-history"},
		{L"\\e[B", L"ed-search-next-history"}, {L"\\eOB", L"ed-search-next-history"},
		{L"\\e[1~", L"ed-move-to-beg"}, {L"\\e[7~", L"ed-move-to-beg"},
		{L"\\e[4~", L"ed-move-to-end"}, {L"\\e[8~", L"ed-move-to-end"},
		{L"\\e[3~", L"ed-delete-next-char"}, {L"\\e[1;5C", L"em-next-word"},
		{L"\\e[1;5D", L"ed-prev-word"}, {L"\\e[1;3C", L"em-next-word"},
		{L"\\e[1;3D", L"ed-prev-word"},
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		bind(el, keys[i].key, keys[i].command);
}

static void
read_user_file(EditLine *el)
{
	const char *path = secure_getenv("EDITRC"), *home = secure_getenv("HOME");
	char default_path[4096];

	if (path == NULL && home != NULL) {
		snprintf(default_path, sizeof default_path, "%s/.editrc", home);
		path = default_path;
	}
	if (path != NULL && *path != '\0')
		el_source(el, path);
}

void
editor_bind(struct editor *e)
{
	EditLine *el = e->el;
	const wchar_t *editing;

	el_wset(el, EL_EDITOR, L"emacs");
	el_wset(el, EL_ADDFN, L"hail-paste", L"Insert what was pasted", take_paste);
	el_wset(el, EL_ADDFN, L"hail-complete", L"Complete a slash command", complete);
	el_wset(el, EL_ADDFN, L"hail-search", L"Search the history while typing", search);
	bind_controls(el);
	bind_keys(el);
	read_user_file(el);
	/* Changing the editor unbinds everything. In vi's, sequences would take Escape away. */
	if (el_wget(el, EL_EDITOR, &editing) == 0 && wcscmp(editing, L"vi") == 0)
		bind_controls(el);
	bind(el, L"^^", L"hail-paste");
	el_wset(el, EL_BIND, L"-a", L"^^", L"hail-paste", NULL);
	/* It would run an editor on the same terminal and wait for it. */
	el_wset(el, EL_BIND, L"-a", L"v", L"ed-unassigned", NULL);
}

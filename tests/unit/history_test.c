/* history_test.c: the file of entered lines, alone and shared. */
#include "cli/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "tests/unit/tap.h"

static char directory[] = "/tmp/hail-history-XXXXXX", path[200];

struct lines {
	size_t count;
	char first[64], last[64];
};

static void
note(void *ctx, const char *line, size_t len)
{
	struct lines *l = ctx;

	snprintf(l->count == 0 ? l->first : l->last, sizeof l->last, "%.*s", (int)len, line);
	if (l->count++ == 0)
		snprintf(l->last, sizeof l->last, "%s", l->first);
}

static struct lines
load(void)
{
	struct lines l = {0};
	struct err e = {0};

	if (history_load(path, note, &l, &e) != 0)
		printf("# %s\n", e.text);
	return l;
}

static void
append(const char *line)
{
	history_append(path, line, strlen(line), NULL);
}

static void
test_file(void)
{
	char longest[HISTORY_LINE + 2];
	struct lines l = load();
	struct stat st;

	tap_ok(l.count == 0, "there is none at first");
	tap_ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "made for its owner alone");
	append("one");
	append("zw\xc3\xb6lf");
	append("");
	append("two\nlines");
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	append(longest);
	l = load();
	tap_int((long long)l.count, 2, "empty lines, newlines, overlong lines are left out");
	tap_text(l.first, "one", "the oldest is first");
	tap_text(l.last, "zw\xc3\xb6lf", "the newest last");
}

static void
test_cut(void)
{
	FILE *f = fopen(path, "w");
	struct lines l;

	for (int i = 0; i < HISTORY_LINES + 500; i++)
		fprintf(f, "line %d\n", i);
	fclose(f);
	l = load();
	tap_int((long long)l.count, HISTORY_LINES, "only so many lines are kept");
	tap_text(l.first, "line 500", "the oldest go");
	tap_text(l.last, "line 10499", "the newest stay");
	l = load();
	tap_int((long long)l.count, HISTORY_LINES, "in the file, too");
	append("one more");
	l = load();
	tap_text(l.last, "one more", "and it still grows at its end");
}

static void
test_too_many_bytes(void)
{
	static char line[32 * 1024];
	FILE *f = fopen(path, "w");
	struct stat st;
	struct lines l;

	memset(line, 'x', sizeof line - 1);
	for (int i = 0; i < 300; i++)
		fprintf(f, "%s\n", line);
	fputs("the end", f);
	fclose(f);
	l = load();
	tap_ok(l.count > 200 && l.count < 260, "only so many bytes are kept");
	tap_text(l.last, "the end", "a last line without a newline is one");
	tap_ok(stat(path, &st) == 0 && st.st_size <= HISTORY_BYTES, "in the file, too");
}

static void
test_shared(void)
{
	char line[64];
	struct lines l;
	int status, bad = 0;

	unlink(path);
	for (int child = 0; child < 4; child++)
		if (fork() == 0) {
			for (int i = 0; i < 250; i++) {
				snprintf(line, sizeof line, "child %d line %d", child, i);
				append(line);
			}
			_exit(0);
		}
	while (wait(&status) > 0)
		bad += status != 0;
	l = load();
	tap_int((long long)l.count, 1000, "four at once lose nothing");
	tap_int(bad, 0, "and fail at nothing");
}

static void
test_trouble(void)
{
	struct err e = {0};
	struct lines l = {0};

	tap_ok(history_load("/dev/null", note, &l, &e) != 0 && e.class == ERR_IO,
	    "a device is no history");
	tap_ok(history_load(directory, note, &l, &e) != 0 && e.class == ERR_IO,
	    "a directory neither");
	tap_ok(history_append("/proc/nothing/here", "x", 1, &e) != 0, "nor what cannot be made");
}

int
main(void)
{
	char command[300];

	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/a/b/history", directory);
	test_file();
	test_cut();
	test_too_many_bytes();
	test_shared();
	test_trouble();
	snprintf(command, sizeof command, "rm -r '%s'", directory);
	return system(command) == 0 ? tap_done() : 1;
}

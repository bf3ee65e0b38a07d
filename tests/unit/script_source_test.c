#include "lib/script/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/script/script.h"
#include "lib/script/text.h"
#include "tests/unit/tap.h"

static char folder[] = "/tmp/hail-source-XXXXXX";
static struct script_errors errors;

/* --- a folder of files ------------------------------------------------------------------- */

static char *
path_of(const char *name)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		tap_ok(false, "cannot write %s", name);
}

static void
put_long(const char *name, size_t size, const char *front)
{
	put(name, front);
	if (truncate(path_of(name), (off_t)size) != 0)
		tap_ok(false, "cannot make %s long", name);
}

static void
make_folder(void)
{
	char target[300];

	if (mkdtemp(folder) == NULL || mkdir(path_of("in"), 0700) != 0 ||
	    mkdir(path_of("in/sub"), 0700) != 0 || mkfifo(path_of("in/fifo"), 0600) != 0 ||
	    symlink("/dev/zero", path_of("in/zero")) != 0 ||
	    symlink("../out.txt", path_of("in/leak")) != 0 ||
	    symlink("sub/b.txt", path_of("in/link")) != 0 ||
	    symlink("loop", path_of("in/loop")) != 0) {
		tap_ok(false, "cannot make a folder");
		exit(1);
	}
	put("out.txt", "out");
	put("in/a.txt", "a {x}\n");
	put("in/a b.txt", "blank");
	put("in/sub/b.txt", "b");
	put("in/bytes", "\xff\xfe");
	put("in/hex", "00 ff\n41\t4243\r\n");
	put("in/half", "00 f");
	put("in/x.json", "{\"a\":\n 1}\n");
	put("in/bad.json", "{\"a\":\n\n 1,}\n");
	put_long("in/long", SCRIPT_FILE_MAX + 1, "");
	snprintf(target, sizeof target, "%s", path_of("in/sub"));
	if (symlink(target, path_of("link-in")) != 0)
		tap_ok(false, "cannot link");
}

static void
remove_folder(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	if (system(command) != 0)
		tap_ok(false, "cannot remove %s", folder);
}

static struct script *
read_script(const char *name, const char *root, bool new_snapshots)
{
	struct script_params params = {.root = root, .new_snapshots = new_snapshots};

	return script_read(path_of(name), &params, &errors);
}

/* What a one-line script behind an open party comes to. */
static struct script *
read_line(const char *line)
{
	char text[600];

	snprintf(text, sizeof text, "open a ws://h/\n%s\n", line);
	put("in/s.hail", text);
	return read_script("in/s.hail", NULL, false);
}

/* --- bytes ------------------------------------------------------------------------------- */

static void
sends(const char *line, const char *want, size_t len, enum message_kind kind)
{
	struct script *s = read_line(line);
	struct slice got = {NULL, 0};

	if (s != NULL) {
		got = text_constant(s->steps[1]->send.data);
		tap_int(s->steps[1]->send.kind, kind, "its kind");
		tap_ok(text_is_constant(s->steps[1]->send.data), "no variables");
	}
	tap_bytes(got.data, got.len, want, len, line);
	script_free(s);
}

static void
refuses(const char *line, const char *want)
{
	struct script *s = read_line(line);

	tap_ok(s == NULL && errors.count == 1 && strstr(errors.items[0].text, want) != NULL &&
	    errors.items[0].line == 2, "%s: %s", line, s == NULL ? errors.items[0].text : "fine");
	script_free(s);
}

static void
test_files(void)
{
	char line[400];

	sends("a > @a.txt", "a {x}\n", 6, MESSAGE_TEXT);
	sends("a > text @sub/b.txt", "b", 1, MESSAGE_TEXT);
	sends("a > @\"a b.txt\"", "blank", 5, MESSAGE_TEXT);
	sends("a > @'a b.txt'", "blank", 5, MESSAGE_TEXT);
	sends("a > @link", "b", 1, MESSAGE_TEXT);
	sends("a > @sub/../a.txt", "a {x}\n", 6, MESSAGE_TEXT);
	sends("a > binary @bytes", "\xff\xfe", 2, MESSAGE_BINARY);
	sends("a > hex @hex", "\0\xff" "ABC", 5, MESSAGE_BINARY);
	sends("a > json @x.json", "{\"a\":\n 1}\n", 10, MESSAGE_TEXT);
	snprintf(line, sizeof line, "a > @%s", path_of("in/a.txt"));
	sends(line, "a {x}\n", 6, MESSAGE_TEXT);
	refuses("a > @bytes", "not UTF-8");
	refuses("a > json @bytes", "is no JSON");
	refuses("a > json @bad.json", "expected a member's name in double quotes in line 3");
	refuses("a > hex @half", "pairs of hexadecimal digits");
	refuses("a > @none", "No such file");
	refuses("a > @sub", "it is a folder");
	refuses("a > @fifo", "expected a plain file");
	refuses("a > @zero", "lies outside of");
	refuses("a > @leak", "lies outside of");
	refuses("a > @../out.txt", "lies outside of");
	refuses("a > @/etc/passwd", "lies outside of");
	refuses("a > @loop", "Too many levels");
	refuses("a > @long", "at most 16 MiB");
	refuses("a > @.", "lies outside of");
	refuses("a > @\"a\\u0000.txt\"", "expected the path of a file");
	refuses("include ../out.txt", "lies outside of");
	refuses("include fifo", "expected a plain file");
	refuses("include sub", "it is a folder");
	refuses("set x @long", "at most 16 MiB");
}

static void
test_roots(void)
{
	struct source s;
	struct err e;
	char *place;

	put("in/s.hail", "open a ws://h/\na > @../out.txt\n");
	script_free(read_script("in/s.hail", folder, false));
	tap_int((long long)errors.count, 0, "a wider root");
	put("in/s.hail", "open a ws://h/\na > @a.txt\n");
	tap_ok(read_script("in/s.hail", path_of("in/sub"), false) == NULL, "a narrower one");
	tap_ok(read_script("in/s.hail", path_of("nowhere"), false) == NULL &&
	    errors.items[0].line == 0, "no folder: %s", errors.items[0].text);
	tap_ok(read_script("in/s.hail", path_of("out.txt"), false) == NULL &&
	    strstr(errors.items[0].text, "expected a folder") != NULL, "a file as the root");
	script_free(read_script("in/s.hail", "/", false));
	tap_int((long long)errors.count, 0, "everything");
	tap_int(source_init(&s, path_of("link-in"), &e), 0, "a link as the root");
	place = source_place(&s, path_of("in/sub/b.txt"), SOURCE_FILE, &e);
	tap_ok(place != NULL, "is what it points to");
	free(place);
	source_release(&s);
	tap_ok(read_script("in/fifo", NULL, false) == NULL, "no fifo: %s", errors.items[0].text);
	tap_ok(read_script("in/none", NULL, false) == NULL && errors.items[0].line == 0 &&
	    errors.count == 1, "no such script: %s", errors.items[0].text);
	tap_ok(read_script("in", NULL, false) == NULL, "no folder: %s", errors.items[0].text);
	tap_ok(read_script("in/long", NULL, false) == NULL, "not too long: %s",
	    errors.items[0].text);
}

/* As if the links had been put there between looking where a file is and opening it. */
static void
test_swapped(void)
{
	static const struct {
		const char *place;
		bool fine;
	} rows[] = {{"in/a.txt", true}, {"in/sub/b.txt", true}, {"in/link", false},
	    {"in/leak", false}, {"in/folder-link/b.txt", false}, {"in/none", false}};
	struct source s;
	struct err e = {0};
	int fd;

	if (symlink("sub", path_of("in/folder-link")) != 0)
		tap_ok(false, "cannot link");
	tap_int(source_init(&s, path_of("in"), &e), 0, "a root");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fd = source_open(&s, path_of(rows[i].place), "x", &e);
		tap_ok(fd >= 0 ? rows[i].fine : !rows[i].fine && e.class == ERR_IO, "%s: %s",
		    rows[i].place, fd >= 0 ? "opens" : e.text);
		if (fd >= 0)
			close(fd);
	}
	source_release(&s);
	tap_int(source_init(&s, "/", &e), 0, "everything as the root");
	fd = source_open(&s, path_of("in/a.txt"), "x", &e);
	tap_ok(fd >= 0, "has that, too");
	close(fd);
	source_release(&s);
}

/* The value of the last option of the first step, once found. */
static void
finds(const char *line, const char *root, const char *want)
{
	struct script *s;

	put("in/s.hail", line);
	s = read_script("in/s.hail", root, false);
	tap_ok(s != NULL, "%s: %s", line, s == NULL ? errors.items[0].text : "fine");
	if (s != NULL) {
		const struct settings *all = &s->steps[0]->open.settings;

		tap_text(text_constant(all->items[all->count - 1].value).data, want, "its place");
	}
	script_free(s);
}

static void
misses(const char *line, const char *root, const char *want)
{
	put("in/s.hail", line);
	tap_ok(read_script("in/s.hail", root, false) == NULL && errors.count == 1 &&
	    strstr(errors.items[0].text, want) != NULL, "%s: %s", line, errors.items[0].text);
}

static void
test_option_files(void)
{
	static const char *const names[] = {"cacert", "cert", "key", "key-passphrase",
	    "unix-socket"};
	char line[400], want[300];

	for (int i = 0; i < 5; i++) {
		snprintf(line, sizeof line, "open a ws://h/ %s ../out.txt", names[i]);
		misses(line, NULL, "lies outside of");
		snprintf(line, sizeof line, "http GET http://h/ %s /etc/passwd", names[i]);
		misses(line, NULL, "lies outside of");
		snprintf(line, sizeof line, "open a ws://h/ %s leak", names[i]);
		misses(line, NULL, "lies outside of");
		snprintf(line, sizeof line, "open a ws://h/ %s sub", names[i]);
		misses(line, NULL, "it is a folder");
	}
	snprintf(want, sizeof want, "%s", path_of("in/sub/b.txt"));
	finds("open a ws://h/ cacert sub/b.txt", NULL, want);
	finds("open a ws://h/ key link", NULL, want);
	snprintf(line, sizeof line, "open a ws://h/ cert %s", path_of("in/link"));
	finds(line, NULL, want);
	snprintf(want, sizeof want, "%s", path_of("out.txt"));
	finds("open a ws://h/ key-passphrase ../out.txt", folder, want);
	misses("open a ws://h/ cacert none", NULL, "No such file");
	misses("open a ws://h/ unix-socket a.txt", NULL, "expected a socket");
	misses("open a ws://h/ unix-socket nosub/s", NULL, "No such file");
	misses("open a ws://h/ unix-socket @other", NULL, "expected --allow-exec");
	snprintf(want, sizeof want, "%s", path_of("in/sub/socket"));
	finds("open a ws://h/ unix-socket sub/socket", NULL, want);
	put("in/sub/option.hail", "open a ws://h/ cacert b.txt\n");
	snprintf(want, sizeof want, "%s", path_of("in/sub/b.txt"));
	finds("include sub/option.hail", NULL, want);
}

static void
test_abstract_socket(void)
{
	struct script_params params = {.allow_exec = true};
	struct script *s = script_parse("s", slice_of("open a ws://h/ unix-socket @x"), NULL,
	    &params, &errors);

	tap_ok(s != NULL, "a socket of no folder: %s", errors.items[0].text);
	if (s != NULL)
		tap_text(text_constant(s->steps[0]->open.settings.items[0].value).data, "@x",
		    "stays what it is");
	script_free(s);
}

static void
test_snapshots(void)
{
	struct script *s = read_line("a < json exactly @sub/../x.json");
	const struct condition *c;

	tap_ok(s != NULL, "a snapshot: %s", errors.items[0].text);
	if (s != NULL) {
		c = &s->steps[1]->expect.conditions[0];
		tap_text(c->snapshot, path_of("in/x.json"), "is told by its place");
		tap_ok(c->exactly && c->text == NULL && c->ready_pattern == NULL, "and not read");
	}
	script_free(s);
	refuses("a < json @new.json", "No such file");
	refuses("a < json @../new.json", "No such file");
	put("in/s.hail", "open a ws://h/\na < json @sub/new.json\n");
	s = read_script("in/s.hail", NULL, true);
	tap_ok(s != NULL, "unless it may be new: %s", errors.items[0].text);
	if (s != NULL)
		tap_text(s->steps[1]->expect.conditions[0].snapshot, path_of("in/sub/new.json"),
		    "in its folder");
	script_free(s);
	put("in/s.hail", "open a ws://h/\na < json @../new.json\na < json @nosub/new.json\n"
	    "a < json @sub/\na < json @sub/..\n");
	tap_ok(read_script("in/s.hail", NULL, true) == NULL && errors.count == 4,
	    "which is within the root, and there: %s", errors.items[0].text);
}

/* --- files of files ---------------------------------------------------------------------- */

static void
test_includes(void)
{
	struct script *s;

	put("in/sub/party.hail", "open b ws://h/\ntimeout 1s\ninclude '../more.hail'\n");
	put("in/more.hail", "b ping\r\nset x 1\r\n");
	put("in/s.hail", "include sub/party.hail\nb ping\nb > x{x}\nrepeat 2 {\ninclude "
	    "more.hail\n}\n");
	s = read_script("in/s.hail", NULL, false);
	tap_ok(s != NULL, "includes: %s", errors.items[0].text);
	if (s != NULL) {
		tap_int((long long)s->step_count, 8, "all steps");
		tap_int((long long)s->file_count, 4, "all files");
		tap_int((long long)s->steps[1]->limit_ns, 1000000000, "a timeout goes in");
		tap_int((long long)s->steps[3]->limit_ns, 0, "and not out");
		tap_text(s->files[2].name, path_of("in/sub/../more.hail"), "names as written");
		tap_int(s->steps[6]->spot.file, 3, "which file it is");
		tap_int((long long)s->body.count, 6, "a block goes on in a file");
	}
	script_free(s);
}

static void
test_circles(void)
{
	char name[40], text[100];
	struct script *s;

	put("in/a.hail", "include sub/b.hail\n");
	put("in/sub/b.hail", "wait 1\ninclude ../a.hail\n");
	tap_ok(read_script("in/a.hail", NULL, false) == NULL && errors.count == 2, "a circle");
	tap_text(errors.items[1].text, "this file includes itself: expected no circle", "is "
	    "told");
	tap_text(errors.items[1].file, path_of("in/sub/b.hail"), "where it is closed");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "in/d%d.hail", i);
		snprintf(text, sizeof text, "include d%d.hail\n", i + 1);
		put(name, i < 16 ? text : "wait 1s\n");
	}
	s = read_script("in/d0.hail", NULL, false);
	tap_ok(s != NULL, "16 deep: %s", errors.items[0].text);
	script_free(s);
	put("in/d16.hail", "include d17.hail\n");
	tap_ok(read_script("in/d0.hail", NULL, false) == NULL && errors.count == 1,
	    "no more: %s", errors.items[0].text);
	put("in/d15.hail", "repeat 2 {\ndo {\nwait 1\n}\nwait 1\n}\nwait 1\n");
	tap_ok(read_script("in/d0.hail", NULL, false) == NULL && errors.count == 3 &&
	    errors.items[0].line == 2, "blocks count, too: %s", errors.items[0].text);
	tap_ok(errors.items[1].line == 5 && errors.items[2].line == 7,
	    "what is too deep is passed over");
}

static void
test_many(void)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < 200; i++)
		buf_add_text(&b, "include one.hail\n");
	buf_add(&b, "", 1);
	put("in/one.hail", "wait 1s\n");
	put("in/many.hail", (char *)b.data);
	tap_ok(read_script("in/many.hail", NULL, false) == NULL && errors.items[0].line == 64 &&
	    strstr(errors.items[0].text, "at most 64 files") != NULL, "63 includes: %s",
	    errors.items[0].text);
	buf_release(&b);
	put("in/order.hail", "foo\ninclude wrong.hail\nfoo\n");
	put("in/wrong.hail", "wait 1\n  wait 2\n");
	tap_ok(read_script("in/order.hail", NULL, false) == NULL && errors.count == 4, "errors");
	tap_int(errors.items[0].line, 1, "before");
	tap_int(errors.items[1].line, 1, "within");
	tap_text(errors.items[1].file, path_of("in/wrong.hail"), "of that file");
	tap_int(errors.items[2].line, 2, "one by one");
	tap_int(errors.items[3].line, 3, "behind");
	put("in/order.hail", "do {\n}\n}\ninclude brace.hail\ninclude wrong.hail\ninclude "
	    "wrong.hail\n");
	put("in/brace.hail", "do {\n");
	tap_ok(read_script("in/order.hail", NULL, false) == NULL && errors.count == 4,
	    "a block ends in its file; the same is told once");
	put("in/order.hail", "do {\ninclude brace.hail\n}\n");
	put("in/brace.hail", "}\n");
	tap_ok(read_script("in/order.hail", NULL, false) == NULL && errors.count == 1,
	    "nor does it end in another");
	put("in/order.hail", "include bad.txt\nb > x\ninclude none.hail\nb > {x\nc > {y}\n");
	put("in/bad.txt", "wait\x80");
	tap_ok(read_script("in/order.hail", NULL, false) == NULL && errors.count == 2,
	    "what a missing file may define is not asked for");
	tap_text(errors.items[0].file, path_of("in/bad.txt"), "the file itself");
	tap_int(errors.items[0].column, 5, "the byte");
	tap_text(errors.items[0].shown, "wait", "its line up to there");
}

/* --- bounds ------------------------------------------------------------------------------ */

static void
repeat_text(struct buf *b, const char *text, size_t count)
{
	buf_init(b, 64 << 20);
	for (size_t i = 0; i < count; i++)
		buf_add_text(b, text);
}

static void
bound(const char *text, size_t count, const char *want)
{
	struct script_params params = {0};
	struct script *s;
	struct buf b;

	repeat_text(&b, text, count);
	s = script_parse("t", (struct slice){(char *)b.data, b.len}, folder, &params, &errors);
	tap_ok(s == NULL && errors.count > 0 && strstr(errors.items[0].text, want) != NULL,
	    "%zu times %.*s: %s", count, (int)strcspn(text, "\n"), text, errors.items[0].text);
	script_free(s);
	buf_release(&b);
}

static void
test_bounds(void)
{
	struct script_params params = {0};
	struct script *s;
	struct buf b;

	repeat_text(&b, "wait 1s\n", SCRIPT_STEPS);
	s = script_parse("t", (struct slice){(char *)b.data, b.len}, folder, &params, &errors);
	tap_ok(s != NULL && s->step_count == SCRIPT_STEPS, "%d steps: %s", SCRIPT_STEPS,
	    errors.items[0].text);
	script_free(s);
	buf_release(&b);
	bound("wait 1s\n", SCRIPT_STEPS + 1, "at most 100000 steps");
	bound("any ", 1, "begins no statement");
	bound("repeat 2 {\n", 100000, "no end");
	bound("[", 1 << 20, "begins no statement");
	bound("set a {\n", 100000, "never closed");
	bound("foo {\n", 100000, "begins no statement");
	bound("foo <<A\n", 100000, "begins no statement");
	bound("set a <<A\n", 100000, "never ends");
	bound("set a \"\\\"\n", 100000, "no closing quote");
	bound("set a {\"\\\"\n", 100000, "never closed");
	bound("set a x{rand:1}\n", SCRIPT_STEPS + 1, "at most 100000 steps");
	bound("} ", 100000, "ends nothing");
	bound("set a @/dev/zero\n", 1000, "lies outside");
	bound("exec ls {a\n", 100000, "--allow-exec");
	bound("set a \"\\u007b {uuid:a}\n", 10, "no closing quote");
	repeat_text(&b, "", 0);
	for (int i = 0; i <= SCRIPT_PARTIES; i++)
		buf_addf(&b, "open p%d ws://h/\n", i);
	s = script_parse("t", (struct slice){(char *)b.data, b.len}, folder, &params, &errors);
	tap_ok(s == NULL && errors.items[0].line == SCRIPT_PARTIES + 1, "parties: %s",
	    errors.items[0].text);
	buf_drop(&b, b.len);
	buf_add_text(&b, "set a \"");
	for (int i = 0; i < 100000; i++)
		buf_add_text(&b, "{rand:1}x");
	s = script_parse("t", (struct slice){(char *)b.data, b.len}, folder, &params, &errors);
	tap_ok(s == NULL, "variables in a text: %s", errors.items[0].text);
	buf_drop(&b, b.len);
	put_long("in/16m", SCRIPT_FILE_MAX, "");
	for (int i = 0; i < 5; i++)
		buf_add_text(&b, "set a x\nhttp POST http://h/ body binary @in/16m\n");
	s = script_parse("t", (struct slice){(char *)b.data, b.len}, folder, &params, &errors);
	tap_ok(s == NULL && errors.count == 1 && errors.items[0].line == 8 &&
	    strstr(errors.items[0].text, "at most 64 MiB") != NULL, "memory: %s",
	    errors.items[0].text);
	buf_release(&b);
}

int
main(void)
{
	make_folder();
	test_files();
	test_roots();
	test_swapped();
	test_option_files();
	test_abstract_socket();
	test_snapshots();
	test_includes();
	test_circles();
	test_many();
	test_bounds();
	remove_folder();
	return tap_done();
}

/* record_test.c: conversations as scripts. */
#include "cli/record.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/channel/channel.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char directory[] = "/tmp/hail-record-XXXXXX", path[100];

/* The file without its first line; the caller frees it. */
static char *
content(void)
{
	char *text = calloc(1, 4 << 20), *line;
	FILE *f = fopen(path, "r");
	size_t n = 0;

	if (f != NULL) {
		n = fread(text, 1, (4 << 20) - 1, f);
		fclose(f);
	}
	line = strchr(text, '\n');
	memmove(text, line != NULL ? line + 1 : "", line != NULL ? n - (size_t)(line - text) : 1);
	return text;
}

static size_t
files(void)
{
	DIR *d = opendir(directory);
	size_t count = 0;

	while (readdir(d) != NULL)
		count++;
	closedir(d);
	return count - 2;
}

static struct message
message(enum message_kind kind, const char *data, size_t len)
{
	return (struct message){.kind = kind, .data = (const uint8_t *)data, .len = len};
}

/* One message as it stands in the script. */
static void
check(bool out, enum message_kind kind, const char *data, size_t len, const char *want,
    const char *name)
{
	struct record *r = record_new(path, NULL);
	struct message m = message(kind, data, len);
	char *got;

	(out ? record_sent : record_received)(r, &m);
	record_free(r, NULL);
	got = content();
	got[strcspn(got, "\n")] = '\0';
	tap_text(got, want, name);
	free(got);
}

static const struct {
	const char *name, *text, *sent, *received;
} texts[] = {
	{"words", "hello there", "a > hello there", "a < text \"hello there\" within 5s"},
	{"nothing", "", "a > text \"\"", "a < text \"\" within 5s"},
	{"a newline", "a\nb", "a > text \"a\\nb\"", "a < text \"a\\nb\" within 5s"},
	{"white space at the end", "a ", "a > text \"a \"", "a < text \"a \" within 5s"},
	{"white space in front", " a", "a > text \" a\"", "a < text \" a\" within 5s"},
	{"quotes", "\"a\"", "a > text \"\\\"a\\\"\"", "a < text \"\\\"a\\\"\" within 5s"},
	{"quotes inside", "a \"b\"", "a > a \"b\"", "a < text \"a \\\"b\\\"\" within 5s"},
	{"a keyword", "hex 00", "a > text \"hex 00\"", "a < text \"hex 00\" within 5s"},
	{"not quite a keyword", "hexagon", "a > hexagon", "a < text \"hexagon\" within 5s"},
	{"a comment", "a # b", "a > text \"a # b\"", "a < text \"a # b\" within 5s"},
	{"a control character", "a\033", "a > text \"a\\u001b\"",
	    "a < text \"a\\u001b\" within 5s"},
	{"a hidden one", "\U000e0041", "a > text \"\\udb40\\udc41\"",
	    "a < text \"\\udb40\\udc41\" within 5s"},
	{"UTF-8", "h\u00e4 \u65e5", "a > h\u00e4 \u65e5", "a < text \"h\u00e4 \u65e5\" within 5s"},
	{"JSON", "{\"a\":{\"b\":1}}", "a > {\"a\":{\"b\":1}}",
	    "a < json {\"a\":{\"b\":1}} within 5s"},
	{"JSON over lines", "{\"a\":\n\t1}", "a > text \"{\\\"a\\\":\\n\\t1}\"",
	    "a < json {\"a\":  1} within 5s"},
	{"an array", "[1]", "a > [1]", "a < text \"[1]\" within 5s"},
	{"a variable", "hi {name}", "a > text \"hi \\u007bname}\"",
	    "a < text \"hi \\u007bname}\" within 5s"},
	{"a variable in JSON", "{\"a\":\"{env:X}\"}",
	    "a > text \"{\\\"a\\\":\\\"\\u007benv:X}\\\"}\"",
	    "a < text \"{\\\"a\\\":\\\"\\u007benv:X}\\\"}\" within 5s"},
	{"braces", "{} {1} {a b}", "a > {} {1} {a b}", "a < text \"{} {1} {a b}\" within 5s"},
	{"a backslash", "a\\n", "a > text \"a\\\\n\"", "a < text \"a\\\\n\" within 5s"},
};

static void
test_messages(void)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		size_t len = strlen(texts[i].text);

		check(true, MESSAGE_TEXT, texts[i].text, len, texts[i].sent, texts[i].name);
		check(false, MESSAGE_TEXT, texts[i].text, len, texts[i].received, texts[i].name);
	}
	check(true, MESSAGE_BINARY, "\0\xff", 2, "a > hex 00 ff", "binary");
	check(false, MESSAGE_BINARY, "\0\xff", 2, "a < hex 00 ff within 5s", "binary that came");
	check(true, MESSAGE_BINARY, "", 0, "a > hex", "no bytes");
}

static void
test_conversation(void)
{
	struct channel_end end = {.code = 1000, .reason = slice_of("bye")};
	struct record *r = record_new(path, NULL);
	struct message m = message(MESSAGE_TEXT, "hi", 2);
	char *got;

	record_open(r, NULL, "ws://x/");
	record_sent(r, &m);
	record_received(r, &m);
	record_closed(r, &end);
	record_open(r, NULL, "ws://x/");
	end = (struct channel_end){.code = 1001, .by_peer = true};
	record_closed(r, &end);
	record_open(r, NULL, "ws://x/");
	end = (struct channel_end){.code = 1005};
	record_closed(r, &end);
	err_set(&end.why, ERR_HTTP, 401, "refused");
	record_closed(r, &end);
	tap_int(record_free(r, NULL), 0, "a conversation");
	got = content();
	tap_text(got, "open a ws://x/\na > hi\na < text \"hi\" within 5s\na close 1000 \"bye\"\n"
	    "open a ws://x/\na < close 1001\nopen a ws://x/\na close\n# refused\n", "its script");
	free(got);
}

static void
test_files(void)
{
	struct err e = {0};
	struct record *r;
	struct stat st;
	char *before, *now, link[120];

	umask(027);
	r = record_new(path, &e);
	before = content();
	record_open(r, NULL, "ws://new/");
	now = content();
	tap_text(now, before, "an old file is there until the new one is complete");
	free(before);
	free(now);
	record_free(r, &e);
	now = content();
	tap_text(now, "open a ws://new/\n", "then it is replaced");
	free(now);
	tap_ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0640,
	    "with the rights of a new file");
	tap_int((long long)files(), 1, "nothing else is left");
	snprintf(link, sizeof link, "%s/link", directory);
	tap_ok(symlink(path, link) == 0, "a link");
	record_free(record_new(link, &e), &e);
	tap_ok(lstat(link, &st) == 0 && S_ISLNK(st.st_mode), "stays a link");
	unlink(link);
	tap_ok(record_new("/nowhere/x", &e) == NULL && e.class == ERR_IO, "no such directory");
	tap_ok(record_new(directory, &e) == NULL && e.class == ERR_IO, "a directory");
	tap_int(record_free(NULL, &e), 0, "no record at all");
}

static void
test_full(void)
{
	static char data[1 << 20];
	struct message m = message(MESSAGE_TEXT, data, sizeof data);
	struct record *r = record_new("/dev/full", NULL);
	struct err e = {0};
	char *got;

	memset(data, 'x', sizeof data);
	record_sent(r, &m);
	tap_ok(record_free(r, &e) != 0 && e.class == ERR_IO, "a full disk is told");
	m.len++;
	r = record_new(path, NULL);
	record_received(r, &m);
	record_free(r, NULL);
	got = content();
	tap_text(got, "# a < a message of 1048577 bytes, which is left out\n",
	    "a very long message is not kept");
	free(got);
}

int
main(void)
{
	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/script", directory);
	test_messages();
	test_conversation();
	test_files();
	test_full();
	unlink(path);
	return rmdir(directory) == 0 ? tap_done() : 1;
}

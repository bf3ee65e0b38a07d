/* opt_test.c: command lines against rows of every type. */
#include "cli/opt.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What the rows fill in; fresh for each command line. */
struct values {
	bool flag, unflag, given;
	int tally, choice;
	const char *text;
	struct opt_list list;
	uint64_t count, duration, size;
	double rate;
};

struct result {
	int status, operands, rest;
	struct err e;
	struct values v;
	char *argv[12];
};

/* Parses up to 11 words, the last followed by NULL, with rows in two groups. */
static struct result
parse(const char *const *words)
{
	struct result r = {.v = {.unflag = true, .choice = -1}};
	const struct opt first[] = {
		{"flag", 'f', OPT_FLAG, &r.v.flag, NULL, "sets", &r.v.given},
		{"no-thing", 0, OPT_UNFLAG, &r.v.unflag, NULL, "clears", NULL},
		{"verbose", 'v', OPT_TALLY, &r.v.tally, NULL, "more", NULL},
		{"text", 't', OPT_TEXT, &r.v.text, "TEXT", "a text", &r.v.given},
		{"header", 'H', OPT_LIST, &r.v.list, "LINE", "a list", NULL},
		{.name = NULL},
	};
	const struct opt second[] = {
		{"count", 'c', OPT_COUNT, &r.v.count, "N", "a count", NULL},
		{"duration", 'd', OPT_DURATION, &r.v.duration, "TIME", "a duration", NULL},
		{"rate", 0, OPT_RATE, &r.v.rate, "RATE", "a rate", NULL},
		{"size", 0, OPT_SIZE, &r.v.size, "SIZE", "a size", NULL},
		{"choice", 0, OPT_CHOICE, &r.v.choice, "red|green|blue", "a choice", NULL},
		{.name = NULL},
	};
	const struct opt *const groups[] = {first, second, NULL};
	int argc = 0;

	for (; words[argc] != NULL; argc++)
		r.argv[argc] = (char *)(uintptr_t)words[argc];
	r.status = opt_parse(groups, argc, r.argv, &r.operands, &r.rest, &r.e);
	return r;
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void
test_types(void)
{
	struct result r = PARSE("--flag", "--no-thing", "--verbose", "--text", "a=b",
	    "--header=x: y", "--header", "", "--choice", "blue");

	tap_int(r.status, 0, "one of each kind");
	tap_ok(r.v.flag && r.v.given, "a flag is set and noted");
	tap_ok(!r.v.unflag, "an unflag is cleared");
	tap_int(r.v.tally, 1, "a tally counts");
	tap_text(r.v.text, "a=b", "a text from the next word");
	tap_int((long long)r.v.list.count, 2, "a list grows");
	tap_text(r.v.list.items[0], "x: y", "a list item behind '='");
	tap_text(r.v.list.items[1], "", "an empty list item");
	tap_int(r.v.choice, 2, "a choice is its index");
	opt_list_release(&r.v.list);
	tap_ok(r.v.list.items == NULL && r.v.list.count == 0, "a list released");

	r = PARSE("--count=10k", "--duration", "1m30s", "--rate=6k/m", "--size", "64KiB");
	tap_int(r.status, 0, "numbers");
	tap_int((long long)r.v.count, 10000, "a count");
	tap_int((long long)r.v.duration, 90000000000, "a duration");
	tap_int((long long)(r.v.rate + 0.5), 100, "a rate");
	tap_int((long long)r.v.size, 65536, "a size");

	r = PARSE("x");
	tap_ok(r.status == 0 && !r.v.given && r.v.unflag && r.v.choice == -1,
	    "what was not given is left alone");
	r = PARSE("--count", "1", "--count", "2");
	tap_int((long long)r.v.count, 2, "the last of two wins");
	r = PARSE("--text=");
	tap_text(r.v.text, "", "an empty argument behind '='");
	r = PARSE("--text", "--flag");
	tap_text(r.v.text, "--flag", "an argument may begin with dashes");
	tap_ok(!r.v.flag, "and then is no option");
}

static void
test_letters(void)
{
	struct result r = PARSE("-f", "-vv", "-c100", "-t", "x");

	tap_ok(r.status == 0 && r.v.flag && r.v.tally == 2, "letters, bundled");
	tap_int((long long)r.v.count, 100, "an argument in the same word");
	tap_text(r.v.text, "x", "an argument in the next word");
	r = PARSE("-vfvc", "7", "-v");
	tap_ok(r.status == 0 && r.v.flag && r.v.tally == 3 && r.v.count == 7,
	    "a bundle whose last letter takes the next word");
	r = PARSE("-tfv");
	tap_text(r.v.text, "fv", "the rest of a bundle is the argument");
	tap_ok(!r.v.flag && r.v.tally == 0, "and no letters");
}

static void
test_operands(void)
{
	struct result r = PARSE("one", "-f", "two", "--", "--text", "three");

	tap_ok(r.status == 0 && r.v.flag && r.v.text == NULL, "'--' ends the options");
	tap_int(r.operands, 2, "two operands before it");
	tap_text(r.argv[0], "one", "the first moved to the front");
	tap_text(r.argv[1], "two", "the second behind it");
	tap_text(r.argv[r.rest], "--text", "what follows '--' is the rest");
	tap_text(r.argv[r.rest + 1], "three", "all of it");
	r = PARSE("-", "");
	tap_int(r.operands, 2, "'-' and an empty word are operands");
	tap_ok(r.argv[r.rest] == NULL, "without '--' there is no rest");
	r = PARSE("--text", "--", "x");
	tap_ok(r.operands == 1 && strcmp(r.v.text, "--") == 0, "'--' as an argument");
	r = PARSE("x", "--");
	tap_ok(r.operands == 1 && r.argv[r.rest] == NULL, "'--' at the end");
}

static void
test_uses(void)
{
	static bool flag;
	static const char *text;
	static const struct opt rows[] = {{"flag", 'f', OPT_FLAG, &flag, NULL, "", NULL},
	    {"text", 't', OPT_TEXT, &text, "TEXT", "", NULL}, {.name = NULL}};
	const struct opt *const groups[] = {rows, NULL};
	const char *words[] = {"-fta", "x", "--text=", "--text", "b", "--", "-f"};
	const struct opt_use *uses;
	int operands, rest;
	char *argv[8] = {NULL};
	size_t count;

	for (int i = 0; i < 7; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	tap_int(opt_parse(groups, 7, argv, &operands, &rest, NULL), 0, "options of all kinds");
	uses = opt_uses(&count);
	tap_int((long long)count, 4, "are told");
	tap_ok(uses[0].row == &rows[0] && uses[0].value == NULL, "a flag");
	tap_ok(uses[1].row == &rows[1] && strcmp(uses[1].value, "a") == 0, "a text");
	tap_text(uses[2].value, "", "an empty one");
	tap_text(uses[3].value, "b", "the same again");
	opt_parse(groups, 1, &argv[6], &operands, &rest, NULL);
	opt_uses(&count);
	tap_int((long long)count, 1, "of the last command line only");
}

static void
test_errors(void)
{
	static const struct {
		const char *words[3];
		const char *want;
	} bad[] = {
		{{"--nothing"}, "unknown option --nothing"},
		{{"--nothing=x"}, "unknown option --nothing"},
		{{"--fla"}, "unknown option --fla"},
		{{"--flags"}, "unknown option --flags"},
		{{"--FLAG"}, "unknown option --FLAG"},
		{{"--=x"}, "unknown option --"},
		{{"-x"}, "unknown option -x"},
		{{"-fx"}, "unknown option -x"},
		{{"-\xc3"}, "unknown option -?"},
		{{"--flag=yes"}, "--flag takes no argument"},
		{{"--text"}, "--text needs TEXT"},
		{{"-t"}, "-t needs TEXT"},
		{{"-ft"}, "-t needs TEXT"},
		{{"--count", "many"},
		    "--count: 'many' is not a whole number such as 250, 10k or 2m"},
		{{"-c", "-1"}, "--count: '-1' is not a whole number such as 250, 10k or 2m"},
		{{"--duration", "5x"},
		    "--duration: '5x' is not a duration such as 250us, 5ms, 10s, 2m, 1h or 1m30s"},
		{{"--rate=fast"}, "--rate: 'fast' is not a rate such as 100/s, 6k/m or 50"},
		{{"--size", "1KB"},
		    "--size: '1KB' is not a size such as 512, 64KiB, 1MiB or 10kB"},
		{{"--choice", "pink"}, "--choice: 'pink' is not one of red|green|blue"},
		{{"--choice="}, "--choice: '' is not one of red|green|blue"},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct result r = parse(bad[i].words);

		tap_text(r.e.text, bad[i].want, bad[i].want);
		tap_ok(r.status == -1 && r.e.class == ERR_USAGE, "is a usage error");
	}
}

int
main(void)
{
	test_types();
	test_letters();
	test_operands();
	test_uses();
	test_errors();
	return tap_done();
}

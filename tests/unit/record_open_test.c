/* record_open_test.c: command lines as the line that opens a connection. */
#include "cli/record_open.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/opt.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct opt_list headers, cookies, claims, subprotocols;
static const char *texts[11];
static bool insecure, compress;
static uint64_t numbers[4];

static const struct opt rows[] = {
	{"header", 'H', OPT_LIST, &headers, "LINE", "", 0},
	{"cookie", 0, OPT_LIST, &cookies, "COOKIE", "", 0},
	{"jwt-claim", 0, OPT_LIST, &claims, "CLAIM", "", 0},
	{"subprotocol", 's', OPT_LIST, &subprotocols, "NAME", "", 0},
	{"transport", 't', OPT_TEXT, &texts[0], "WORD", "", 0},
	{"user", 'u', OPT_TEXT, &texts[1], "USER", "", 0},
	{"bearer", 0, OPT_TEXT, &texts[2], "TOKEN", "", 0},
	{"jwt-secret", 0, OPT_TEXT, &texts[3], "SECRET", "", 0},
	{"origin", 0, OPT_TEXT, &texts[4], "ORIGIN", "", 0},
	{"cacert", 0, OPT_TEXT, &texts[5], "FILE", "", 0},
	{"cert", 0, OPT_TEXT, &texts[6], "FILE", "", 0},
	{"servername", 0, OPT_TEXT, &texts[7], "NAME", "", 0},
	{"publish", 0, OPT_TEXT, &texts[8], "TEXT", "", 0},
	{"proxy", 'x', OPT_TEXT, &texts[9], "URL", "", 0},
	{"insecure", 'k', OPT_FLAG, &insecure, NULL, "", 0},
	{"compress", 0, OPT_FLAG, &compress, NULL, "", 0},
	{"no-compress", 0, OPT_UNFLAG, &compress, NULL, "", 0},
	{"timeout", 0, OPT_DURATION, &numbers[0], "TIME", "", 0},
	{"poll-wait", 0, OPT_DURATION, &numbers[1], "TIME", "", 0},
	{"max-message", 0, OPT_SIZE, &numbers[2], "SIZE", "", 0},
	{"reconnect", 0, OPT_MAYBE, &numbers[3], "N", "", 0},
	{"message", 'm', OPT_TEXT, &texts[10], "TEXT", "", 0},
	{.name = NULL},
};

static const struct opt *const groups[] = {rows, NULL};

static bool
takes(const char *name)
{
	return strcmp(name, "message") != 0;
}

/* The caller frees it. */
static char *
written(const struct record_params *p, const struct record_place *place)
{
	char *into = NULL;
	size_t size;
	FILE *f = open_memstream(&into, &size);

	record_put_variables(f, p, place);
	record_put_open(f, p, place);
	fclose(f);
	return into;
}

/* Each command line as one text, words separated by '|'. */
static struct record_params
params_of(const char *line, char *words)
{
	struct record_params p = {.takes = takes};
	char *argv[16];
	int argc = 0, operands, rest;

	memcpy(words, line, strlen(line) + 1);
	for (char *at = *line != '\0' ? words : NULL; at != NULL && argc < 16; argc++) {
		char *bar = strchr(at, '|');

		argv[argc] = at;
		if (bar != NULL)
			*bar++ = '\0';
		at = bar;
	}
	tap_int(opt_parse(groups, argc, argv, &operands, &rest, NULL), 0, line);
	p.uses = opt_uses(&p.use_count);
	return p;
}

static void
release_lists(void)
{
	opt_list_release(&headers);
	opt_list_release(&cookies);
	opt_list_release(&claims);
	opt_list_release(&subprotocols);
}

static void
check(const char *line, const struct record_place *place, bool user, const char *want)
{
	char words[400], *got;
	struct record_params p = params_of(line, words);

	p.user = user;
	got = written(&p, place);
	tap_text(got, want, "its line");
	free(got);
	release_lists();
}

static const struct {
	const char *line, *want;
} lines[] = {
	{"", "open a ws://x/\n"},
	{"-H|X-Tag: a b", "open a ws://x/ header \"X-Tag: a b\"\n"},
	{"-H|X-Tag: {id} \"q\"", "open a ws://x/ header \"X-Tag: \\u007bid} \\\"q\\\"\"\n"},
	{"-H|X-Author: ann", "open a ws://x/ header \"X-Author: ann\"\n"},
	{"-s|chat.v1|-s|chat.v2", "open a ws://x/ subprotocol chat.v1 subprotocol chat.v2\n"},
	{"--origin|https://a.example|-k",
	    "open a ws://x/ origin https://a.example insecure\n"},
	{"--cacert|my ca.pem", "open a ws://x/ cacert \"my ca.pem\"\n"},
	{"--poll-wait|5|--max-message=64KiB",
	    "open a ws://x/ poll-wait 5s max-message 64KiB\n"},
	{"--poll-wait|2.5", "open a ws://x/ poll-wait 2.5s\n"},
	{"--poll-wait|1m30s", "open a ws://x/ poll-wait 1m30s\n"},
	{"--timeout|20", "open a ws://x/ within 20s\n"},
	{"--timeout|20s|-k", "open a ws://x/ insecure within 20s\n"},
	{"--origin|a|--origin|b", "open a ws://x/ origin b\n"},
	{"--compress|--no-compress", "open a ws://x/ no-compress\n"},
	{"--publish|POST /pub/x", "open a ws://x/ publish \"POST /pub/x\"\n"},
	{"--publish|POST /pub/x?token=s",
	    "# run with -D publish=…\nopen a ws://x/ publish {publish}\n"},
	{"--header|Referer: http://a/?sid=s",
	    "# run with -D referer=…\nopen a ws://x/ header \"Referer: {referer}\"\n"},
	{"--header|X-Session: s",
	    "# run with -D x_session=…\nopen a ws://x/ header \"X-Session: {x_session}\"\n"},
	{"-x|", "open a ws://x/ proxy \"\"\n"},
	{"-x|http://p:3128", "open a ws://x/ proxy http://p:3128\n"},
	{"-t|ws|--reconnect=3|-m|hi", "open a ws://x/\n"},
	{"--jwt-claim|sub=user{conn}", "open a ws://x/ jwt-claim \"sub=user\\u007bconn}\"\n"},
};

/* What must not be written, with what stands for it. */
static const struct {
	const char *line, *want;
} secrets[] = {
	{"-H|Authorization: Bearer SECRET",
	    "# run with -D authorization=…\n"
	    "open a ws://x/ header \"Authorization: {authorization}\"\n"},
	{"-H|authorization:SECRET",
	    "# run with -D authorization=…\n"
	    "open a ws://x/ header \"authorization:{authorization}\"\n"},
	{"-H|X-Api-Key: SECRET",
	    "# run with -D x_api_key=…\nopen a ws://x/ header \"X-Api-Key: {x_api_key}\"\n"},
	{"-H|Proxy-Authorization: SECRET",
	    "# run with -D proxy_authorization=…\n"
	    "open a ws://x/ header \"Proxy-Authorization: {proxy_authorization}\"\n"},
	{"-H|Cookie: a=SECRET|-H|X-A: b|--cookie|b=SECRET|--cookie|c=SECRET",
	    "# run with -D cookie=… -D cookie_2=… -D cookie_3=…\n"
	    "open a ws://x/ header \"Cookie: {cookie}\" header \"X-A: b\" cookie {cookie_2} "
	    "cookie {cookie_3}\n"},
	{"-u|ann:SECRET", "# run with -D user=…\nopen a ws://x/ user {user}\n"},
	{"--bearer|SECRET", "# run with -D bearer=…\nopen a ws://x/ bearer {bearer}\n"},
	{"--bearer|@token.txt",
	    "# run with -D bearer=\"@token.txt\"\nopen a ws://x/ bearer {bearer}\n"},
	{"--jwt-secret|SECRET|--jwt-claim|sub=a",
	    "# run with -D jwt_secret=…\nopen a ws://x/ jwt-secret {jwt_secret} jwt-claim sub=a\n"},
	{"-x|http://u:SECRET@p:3128", "# run with -D proxy=…\nopen a ws://x/ proxy {proxy}\n"},
};

static void
test_places(void)
{
	const struct record_place away = {"ws://y/", true}, home = {"ws://x/", false};
	const struct record_place template = {"http://x/poll?since={last_id}", false};
	const struct record_place query = {"ws://x/ws?room=1&token=SECRET&x={a}&apiKey=SECRET",
	    false};
	const struct record_place tricky = {"ws://[::1]:9/?author=a&token=&access_token=a?b=c",
	    false};

	check("-H|Authorization: SECRET|-H|X-A: b|-H|Host: x|--cookie|a=SECRET|--cert|c|-k", &away,
	    true, "open a ws://y/ header \"X-A: b\" insecure\n");
	check("", &home, true, "# run with -D user=…\nopen a ws://x/ user {user}\n");
	check("--bearer|SECRET", &home, true,
	    "# run with -D bearer=…\nopen a ws://x/ bearer {bearer}\n");
	check("--cookie|SECRET", &home, true, "# run with -D cookie=… -D user=…\n"
	    "open a ws://x/ cookie {cookie} user {user}\n");
	check("", &template, false, "open a \"http://x/poll?since=\\u007blast_id}\"\n");
	check("", &query, false, "# run with -D url_token=… -D url_apikey=…\n"
	    "open a \"ws://x/ws?room=1&token={url_token}&x=\\u007ba}&apiKey={url_apikey}\"\n");
	check("", &tricky, false, "# run with -D url_access_token=…\n"
	    "open a \"ws://[::1]:9/?author=a&token=&access_token={url_access_token}\"\n");
}

static void
test_resume(void)
{
	char words[100], *into = NULL;
	struct record_params p = params_of("--timeout|7|-k", words);
	size_t size;
	FILE *f = open_memstream(&into, &size);

	record_put_resume(f, &p);
	fclose(f);
	tap_text(into, "a resume within 7s\n", "going on where it was");
	free(into);
	p.transport = "longpoll";
	into = written(&p, &(struct record_place){"http://x/", false});
	tap_text(into, "open a longpoll http://x/ insecure within 7s\n", "a transport");
	free(into);
}

int
main(void)
{
	const struct record_place home = {"ws://x/", false};

	for (size_t i = 0; i < COUNT(lines); i++)
		check(lines[i].line, &home, false, lines[i].want);
	for (size_t i = 0; i < COUNT(secrets); i++)
		check(secrets[i].line, &home, false, secrets[i].want);
	test_places();
	test_resume();
	return tap_done();
}

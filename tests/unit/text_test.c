/* text_test.c: the summary: what it shows, and that no document can upset it. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/figure.h"
#include "bench/report/text.h"
#include "lib/base/rng.h"
#include "lib/base/utf8.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The caller frees it. */
static char *
rendered(const json_t *document)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	text_render(f, document);
	fclose(f);
	return text;
}

static char *
rendered_text(const char *json)
{
	json_t *document = json_loads(json, JSON_DECODE_ANY, NULL);
	char *text = rendered(document);

	json_decref(document);
	return text;
}

/* --- figures -------------------------------------------------------------------------- */

static void
test_figures(void)
{
	tap_text(figure_count(0).text, "0", "count: 0");
	tap_text(figure_count(999).text, "999", "count: 999");
	tap_text(figure_count(1000).text, "1,000", "count: 1000");
	tap_text(figure_count(1234567).text, "1,234,567", "count: 1234567");
	tap_text(figure_count(-1234).text, "-1,234", "count: -1234");
	tap_text(figure_count(1e18).text, "1e+18", "count: beyond counting");
	tap_text(figure_rate(0.5).text, "0.50/s", "rate: 0.5");
	tap_text(figure_rate(12).text, "12/s", "rate: 12");
	tap_text(figure_rate(12.345).text, "12.3/s", "rate: 12.345");
	tap_text(figure_rate(12345.6).text, "12,346/s", "rate: 12345.6");
	tap_text(figure_ms(0.734).text, "734 us", "ms: 0.734");
	tap_text(figure_ms(1.25).text, "1.25 ms", "ms: 1.25");
	tap_text(figure_ms(3100).text, "3.10 s", "ms: 3100");
	tap_text(figure_us(4.5).text, "4.50 us", "us: 4.5");
	tap_text(figure_us(45.67).text, "45.7 us", "us: 45.67");
	tap_text(figure_us(1500).text, "1.50 ms", "us: 1500");
	tap_text(figure_seconds(10).text, "10 s", "seconds: 10");
	tap_text(figure_seconds(0.25).text, "250 ms", "seconds: 0.25");
	tap_text(figure_size(1536).text, "1.50 KiB", "size: 1536");
	tap_text(figure_percent(0).text, "0%", "percent: 0");
	tap_text(figure_percent(0.25).text, "0.25%", "percent: 0.25");
	tap_text(figure_percent(31.5).text, "31.5%", "percent: 31.5");
	tap_text(figure_percent(100).text, "100%", "percent: 100");
}

static void
test_names(void)
{
	char longest[2000];

	tap_text(figure_name("n1", 8).text, "n1", "a name");
	tap_text(
	    figure_name("127.0.0.1:9001", 8).text, "\xe2\x80\xa6.1:9001", "its end is kept");
	tap_int(
	    (long long)figure_name("127.0.0.1:9001", 8).columns, 8, "… in so many columns");
	tap_int((long long)figure_name("gr\xc3\xbc\xc3\x9f" "e", 8).columns, 5,
	    "columns are characters, not bytes");
	tap_text(figure_name("a\x1b[2Jb\n\x7f\xc2\x9b", 20).text, "a?[2Jb???",
	    "control characters are not passed on");
	tap_text(figure_name(NULL, 8).text, "?", "no name");
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	tap_ok(strlen(figure_name(longest, 1999).text) < 512, "a name longer than its place");
}

/* --- what is shown -------------------------------------------------------------------- */

static const char fanout[] =
    "{\"workload\": \"fanout\", \"label\": \"spring\","
    "\"started\": \"2026-01-31T23:59:59.123Z\", \"transport\": \"ws\","
    "\"config\": {\"connections\": 300, \"topics\": 10, \"publishers\": 1, \"rate\": 300.0,"
    " \"arrival\": \"poisson\", \"size\": 64, \"duration_s\": 10.0, \"dialect\": \"hail\"},"
    "\"targets\": [\"ws://a/\", \"ws://b/\"],"
    "\"connections\": {\"requested\": 300, \"opened\": 297, \"failed\": 3, \"dropped\": 0,"
    " \"open_per_s\": 1234.6, \"errors\": {\"http\": 3},"
    " \"phases_ms\": {\"resolve\": {\"p50\": 0.0, \"max\": 0.000027},"
    "  \"total\": {\"p50\": 1.0, \"p90\": 2.0, \"p99\": 3.0, \"p999\": 4.0, \"max\": 5.0}}},"
    "\"messages\": {\"scheduled\": 3000, \"sent\": 3000, \"received\": 90000, \"stray\": 0,"
    " \"foreign\": 2, \"sent_per_s\": 300.0, \"received_per_s\": 9000.0},"
    "\"latency_ms\": {\"delivery\": {\"p50\": 1.25, \"p90\": 2.5, \"p99\": 12.5, \"p999\": "
    "0.25,"
    " \"max\": 1500.0}},"
    "\"delivery\": {\"expected\": 90000, \"delivered\": 89990, \"lost\": 10, \"duplicate\": 0,"
    " \"reordered\": 0, \"late\": 0, \"missed_while_away\": 0, \"matrix\": ["
    " {\"from\": \"n1\", \"to\": \"n1\", \"delivered\": 45000, \"lost\": 0, \"p99_ms\": 1.5},"
    " {\"from\": \"n1\", \"to\": \"n2\", \"delivered\": 44990, \"lost\": 10, \"p99_ms\": "
    "2.5}]},"
    "\"rig\": {\"valid\": false, \"reasons\": [\"it fell behind\"], \"warnings\": [\"look "
    "here\"],"
    " \"workers\": 1, \"cpu_pct\": 31.5, \"rss_bytes\": 50331648},"
    "\"requirements\": [{\"expr\": \"p99<200ms\", \"value\": 12.5, \"ok\": true},"
    " {\"expr\": \"lost==0\", \"value\": 10, \"ok\": false},"
    " {\"expr\": \"rtt.p99<1s\", \"value\": null, \"ok\": false}]}";

static const char fanout_shown[] =
    "hail bench fanout, spring, 2026-01-31T23:59:59.123Z\n"
    "300 connections to 2 targets over ws, dialect hail\n"
    "10 topics, 1 publisher, 300/s in all (poisson), 64 B a message, for 10 s\n"
    "\n"
    "connections        297 opened               3 failed               0 dropped\n"
    "               1,235/s opening              3 (http)\n"
    "messages         3,000 scheduled        3,000 sent            90,000 received\n"
    "                 300/s sent           9,000/s received             2 foreign\n"
    "\n"
    "times              p50      p90      p99    p99.9      max\n"
    "  open         1.00 ms  2.00 ms  3.00 ms  4.00 ms  5.00 ms   all of opening\n"
    "  delivery     1.25 ms  2.50 ms  12.5 ms   250 us   1.50 s   since it was due\n"
    "\n"
    "delivery        90,000 expected        89,990 delivered           10 lost\n"
    "                     0 duplicate            0 reordered            0 late\n"
    "             from \\ to              n1         n2\n"
    "             n1  delivered      45,000     44,990\n"
    "                 p99           1.50 ms    2.50 ms\n"
    "                 lost                0         10\n"
    "\n"
    "rig              31.5% of 1 core     48.0 MiB memory\n"
    "verdict      NOT VALID: it fell behind\n"
    "             warning: look here\n"
    "require      ok      p99<200ms     12.5 ms\n"
    "             FAILED  lost==0            10\n"
    "             FAILED  rtt.p99<1s   no value\n";

static void
test_whole(void)
{
	char *text = rendered_text(fanout);

	if (!tap_ok(strcmp(text, fanout_shown) == 0, "a fan-out, whole"))
		printf("# got:\n%s# want:\n%s", text, fanout_shown);
	free(text);
}

static const char polled[] =
    "{\"workload\": \"fanout\", \"transport\": \"poll\", \"started\": \"2026\","
    "\"config\": {\"connections\": 20, \"topics\": 2, \"publishers\": 4, \"rate\": 50,"
    " \"size\": 64, \"duration_s\": 2, \"dialect\": \"hail\", \"publish_by\": \"request\","
    " \"poll_interval_ms\": 250.0}, \"targets\": [\"http://a/\"],"
    "\"connections\": {\"opened\": 20, \"failed\": 0, \"dropped\": 0, \"phases_ms\":"
    " {\"upgrade\": {\"p50\": 1, \"p90\": 1, \"p99\": 1, \"p999\": 1, \"max\": 1}}},"
    "\"messages\": {\"scheduled\": 100, \"sent\": 97, \"received\": 970, \"post\":"
    " {\"requests\": 100, \"refused\": 3, \"unknown\": 2, \"connections\": 4}},"
    "\"bytes\": {\"sent\": 20480, \"received\": 1024, \"per_delivery\": 300,"
    " \"sent_per_delivery\": 21.5},"
    "\"polling\": {\"requests\": 160, \"empty\": 30, \"not_modified\": 0, \"wasted_pct\": 18.75,"
    " \"connections\": 20},"
    "\"rig\": {\"valid\": true, \"workers\": 1, \"cpu_pct\": 31.5, \"servers\": ["
    " {\"pid\": 4711, \"name\": \"hail\", \"cpu_ms\": 120.0, \"cpu_us_per_message\": 12.5},"
    " {\"pid\": 4712, \"name\": \"redis-server\", \"cpu_ms\": 0}]}}";

static const char polled_shown[] =
    "hail bench fanout, 2026\n"
    "20 connections to 1 target over poll every 250 ms, dialect hail, published by requests\n"
    "2 topics, 4 publishers, 50/s in all, 64 B a message, for 2 s\n"
    "\n"
    "connections         20 opened               0 failed               0 dropped\n"
    "messages           100 scheduled           97 sent               970 received\n"
    "                     3 posts refused         2 posts unknown\n"
    "bytes         20.0 KiB sent          1.00 KiB received         300 B a delivery\n"
    "polling            160 requests            30 empty                0 not modified\n"
    "                 18.8% wasted              20 connections       22 B up/delivery\n"
    "\n"
    "times              p50      p90      p99    p99.9      max\n"
    "  answer       1.00 ms  1.00 ms  1.00 ms  1.00 ms  1.00 ms\n"
    "\n"
    "rig              31.5% of 1 core\n"
    "servers         120 ms cpu of hail (4711), 12.5 us a message\n"
    "                  0 us cpu of redis-server (4712)\n"
    "verdict      valid\n";

static const char compared[] =
    "{\"workload\": \"compare\", \"transport\": \"compare\", \"started\": \"2026\","
    "\"config\": {\"connections\": 20, \"topics\": 2, \"publishers\": 4, \"rate\": 50,"
    " \"size\": 64, \"duration_s\": 2, \"dialect\": \"hail\", \"publish_by\": \"request\"},"
    "\"targets\": [\"http://a/\"],"
    "\"delivery\": {\"expected\": 2000, \"delivered\": 1999, \"lost\": 1, \"matrix\": ["
    " {\"from\": \"n1\", \"to\": \"n1\", \"delivered\": 45000},"
    " {\"from\": \"n1\", \"to\": \"n2\", \"delivered\": 44990}]},"
    "\"compare\": [{\"name\": \"ws\", \"valid\": true, \"lost\": 0, \"duplicate\": 0,"
    " \"latency_ms\": {\"p50\": 0.734, \"p99\": 1.25}, \"connections_opened\": 20,"
    " \"requests\": 0, \"bytes_sent_per_delivery\": 0, \"bytes_received_per_delivery\": 101.5,"
    " \"client_cpu_us_per_delivery\": 4.5},"
    "{\"name\": \"poll 250ms\", \"valid\": false, \"lost\": 1, \"duplicate\": 12,"
    " \"connections_opened\": 20, \"requests\": 1600, \"wasted_pct\": 18.75,"
    " \"bytes_sent_per_delivery\": 1536, \"bytes_received_per_delivery\": 2048}]}";

static const char compared_shown[] =
    "hail bench compare, 2026\n"
    "20 connections to 1 target, dialect hail, published by requests\n"
    "2 topics, 4 publishers, 50/s in all, 64 B a message, for 2 s\n"
    "\n"
    "compare            p50      p99 lost/dup  requests wasted   up/msg down/msg conns   client\n"
    "  ws            734 us  1.25 ms      0/0         0      -      0 B    102 B    20  4.50 us\n"
    "  poll 250ms         -        -     1/12     1,600  18.8% 1.50 KiB 2.00 KiB    20        -"
    "  NOT VALID\n";

static const char played[] =
    "{\"workload\": \"script\", \"transport\": \"script\", \"started\": \"2026\","
    "\"config\": {\"connections\": 20, \"duration_s\": 2, \"script\": \"chat.hail\"},"
    "\"targets\": [\"ws://a/\"],"
    "\"connections\": {\"opened\": 60, \"failed\": 2, \"dropped\": 1},"
    "\"messages\": {\"sent\": 600, \"received\": 590},"
    "\"bytes\": {\"sent\": 20480, \"received\": 1024, \"per_delivery\": 30},"
    "\"script\": {\"file\": \"chat.hail\", \"requests\": 3, \"plays\": {\"begun\": 1234,"
    " \"completed\": 1200, \"failed\": 30, \"unfinished\": 4, \"per_s\": 120},"
    " \"play_ms\": {\"count\": 1200, \"p50\": 30, \"p90\": 40, \"p99\": 50, \"max\": 60},"
    " \"steps\": [{\"file\": \"chat.hail\", \"line\": 3, \"label\": \"rtt\", \"latency_ms\":"
    "  {\"count\": 12000, \"p50\": 0.5, \"p90\": 1.25, \"p99\": 2, \"max\": 1500}},"
    "  {\"label\": \"what never came to pass\"}],"
    " \"failures\": [{\"file\": \"a.hail\", \"line\": 12, \"class\": \"match\", \"count\": 1,"
    "  \"message\": \"nothing came\"},"
    "  {\"file\": \"chat.hail\", \"line\": 1400, \"class\": \"closed\", \"count\": 28,"
    "  \"message\": \"the connection was lost in mid-play, and nobody had expected that\"},"
    "  {\"file\": \"chat.hail\", \"class\": \"match\", \"count\": 1, \"message\": \"x\"}]},"
    "\"rig\": {\"valid\": true, \"workers\": 1, \"cpu_pct\": 31.5, \"bytes_per_connection\":"
    " 2048}, \"requirements\": [{\"expr\": \"rtt.p99<1ms\", \"value\": 2, \"ok\": false}]}";

static const char played_shown[] =
    "hail bench script, 2026\n"
    "20 players to 1 target, playing chat.hail\n"
    "for 2 s\n"
    "\n"
    "plays            1,234 begun            1,200 completed           30 failed\n"
    "                     4 unfinished       120/s completed            3 requests\n"
    "connections         60 opened               2 failed               1 dropped\n"
    "messages           600 sent               590 received\n"
    "bytes         20.0 KiB sent          1.00 KiB received          30 B a message\n"
    "\n"
    "labels                        count       p50       p90       p99       max\n"
    "  (play)                      1,200   30.0 ms   40.0 ms   50.0 ms   60.0 ms\n"
    "  rtt                        12,000    500 us   1.25 ms   2.00 ms    1.50 s\n"
    "  what never came to pass         0         -         -         -         -\n"
    "\n"
    "failures            28  chat.hail:1400 (closed)\n"
    "                        the connection was lost in mid-play, and nobody had\n"
    "                        expected that\n"
    "                     1  a.hail:12 (match)\n"
    "                        nothing came\n"
    "                     1  chat.hail (match)\n"
    "                        x\n"
    "\n"
    "rig              31.5% of 1 core     2.00 KiB /player\n"
    "verdict      valid\n"
    "require      FAILED  rtt.p99<1ms    2.00 ms\n";

/* That the text begins so; `name` is the test's. */
static void
shows(const char *json, const char *shown, const char *name)
{
	char *text = rendered_text(json);

	if (!tap_ok(strncmp(text, shown, strlen(shown)) == 0, "%s", name))
		printf("# got:\n%s# want:\n%s", text, shown);
	free(text);
}

static void
test_transports(void)
{
	char *text = rendered_text(compared);

	shows(polled, polled_shown, "a fan-out over polls, whole");
	shows(compared, compared_shown, "a comparison");
	shows(played, played_shown, "a script");
	tap_ok(strstr(text, "how stale") != NULL && strstr(text, " server\n") == NULL,
	    "… with how to read it");
	tap_ok(strstr(text, "1,999 delivered") != NULL && strstr(text, "from \\ to") == NULL,
	    "… what was delivered in all, and no matrix");
	free(text);
}

/* `nodes` by `nodes` cells. */
static json_t *
with_matrix(int nodes)
{
	json_t *matrix = json_array();
	char from[16], to[16];

	for (int i = 0; i < nodes * nodes; i++) {
		snprintf(from, sizeof from, "n%d", i / nodes);
		snprintf(to, sizeof to, "n%d", i % nodes);
		json_array_append_new(matrix,
		    json_pack("{s:s, s:s, s:i, s:i, s:f}", "from", from, "to", to, "delivered",
			100 + i, "lost", i == 17 ? 5 : 0, "p99_ms", i / 10.0));
	}
	return json_pack("{s:{s:o}}", "delivery", "matrix", matrix);
}

static size_t
lines(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static void
test_matrix(void)
{
	static const int sizes[] = {1, 2, 8, 9, 64, 70};
	static const size_t most[] = {6, 12, 24, 16, 16, 16};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		json_t *document = with_matrix(sizes[i]);
		char *text = rendered(document);

		tap_ok(lines(text) <= most[i], "%d nodes take %zu lines", sizes[i], lines(text));
		if (sizes[i] > 8)
			tap_ok(strstr(text, "the worst cells") != NULL &&
				   strstr(text, " 5 ") != NULL,
			    "… with the worst cell among them");
		json_decref(document);
		free(text);
	}
}

/* --- what it must stand --------------------------------------------------------------- */

static bool
is_fit_for_a_terminal(const char *text)
{
	if (!utf8_valid(text, strlen(text)))
		return false;
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < ' ' && *text != '\n') || *text == 0x7f)
			return false;
	return true;
}

static void
test_odd_documents(void)
{
	static const char *const odd[] = {
	    "null",
	    "5",
	    "\"text\"",
	    "[]",
	    "{}",
	    "[[[]]]",
	    "{\"connections\": 5, \"messages\": [], \"delivery\": null, \"rig\": \"x\"}",
	    "{\"delivery\": {\"matrix\": {\"a\": 1}}, \"requirements\": {\"a\": 1}}",
	    "{\"delivery\": {\"matrix\": [1, null, {}, {\"from\": 1, \"to\": 2}]}}",
	    "{\"rig\": {\"reasons\": [1, null, \"\"], \"warnings\": 7, \"workers\": 1e308}}",
	    "{\"requirements\": [null, 1, {}, {\"expr\": \"p99<\", \"value\": 5}]}",
	    "{\"workload\": \"\\u001b[2J\", \"label\": \"\\u009b\\u0001\\u007f\"}",
	    "{\"connections\": {\"opened\": 1e308, \"failed\": -1e308, \"open_per_s\": -1e308,"
	    " \"errors\": {\"\\u001b\": 1, \"\": -1}}}",
	    "{\"config\": {\"rate\": 1e308, \"size\": -1e308, \"duration_s\": -1e308,"
	    " \"connections\": 1e-308, \"dialect\": 5}}",
	    "{\"latency_ms\": {\"rtt\": {\"p50\": -1e308, \"max\": 1e308}, \"ping\": "
	    "{\"max\": \"x\"}}}",
	    "{\"bytes\": {\"sent\": 1e308, \"received\": -1e308}, \"rig\": {\"cpu_pct\": "
	    "-1e308,"
	    " \"cpu_us_per_message\": -1e308, \"rss_bytes\": 1e308}}",
	};

	for (size_t i = 0; i < COUNT(odd); i++) {
		char *text = rendered_text(odd[i]);

		tap_ok(is_fit_for_a_terminal(text) && lines(text) < 40, "stands %.60s", odd[i]);
		free(text);
	}
}

/* Every value of a whole document replaced by every odd one, in turn. */
static bool
stands_replacing(json_t *document, json_t *container)
{
	static const char *const values[] = {
	    "null", "-1", "1e300", "\"\\u001b\"", "[1]", "{\"a\":[]}"};
	bool good = true;
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(container, next, key, value) {
		char *name = strdup(key);

		json_incref(value);
		for (size_t i = 0; i < COUNT(values); i++) {
			char *text;

			json_object_set_new(container, name,
			    json_loads(values[i], JSON_DECODE_ANY, NULL));
			text = rendered(document);
			good = is_fit_for_a_terminal(text) && good;
			free(text);
		}
		json_object_set(container, name, value);
		good = stands_replacing(document, value) && good;
		for (size_t i = 0; i < json_array_size(value); i++)
			good = stands_replacing(document, json_array_get(value, i)) && good;
		json_decref(value);
		free(name);
	}
	return good;
}

static void
test_damaged(void)
{
	static const char *const texts[] = {fanout, polled, compared, played};

	for (size_t i = 0; i < COUNT(texts); i++) {
		json_t *document = json_loads(texts[i], 0, NULL);

		tap_ok(stands_replacing(document, document), "stands any value in any place");
		json_decref(document);
	}
}

/* What is not bounded by its document's maker is by us. */
static void
test_floods(void)
{
	json_t *list = json_array(), *document;
	char *text, longest[5000];

	memset(longest, 'w', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	for (int i = 0; i < 10000; i++)
		json_array_append_new(list, json_string(longest));
	document = json_pack("{s:{s:O, s:O}, s:{s:O, s:O, s:O}, s:O, s:{s:O}, s:O}", "script",
	    "steps", list, "failures", list, "rig", "reasons", list,
	    "warnings", list, "servers", list, "requirements", list, "delivery", "matrix", list,
	    "compare", list);
	text = rendered(document);
	tap_ok(lines(text) < 1000 && is_fit_for_a_terminal(text), "ten thousand long sentences");
	free(text);
	json_decref(document);
	json_decref(list);
}

int
main(void)
{
	test_figures();
	test_names();
	test_whole();
	test_transports();
	test_matrix();
	test_odd_documents();
	test_damaged();
	test_floods();
	return tap_done();
}

/* player_test.c: plays against a server in the same process (script_server.h), which does what the
 * scripts tell it. A scene is a script, how it must end, and what the server must have been asked.
 *
 *     fine                     it ends well
 *     LINE[!]: SENTENCE        it is broken there; !: since something could not be connected
 *
 * In scripts {at} is the server, {dead} a place where nobody listens. */
#include "lib/script/player.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "lib/loop/loop.h"
#include "tests/unit/script_server.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
	GUARD_S = 20,                    /* after which a scene has failed */
	LIMIT_MS = 2000,                 /* --timeout */
	TEXT_MAX = 1 << 20,
	ACTS_MAX = 400,                  /* told in one play, at most */
};

/* What is done to a player in the middle. */
enum deed {
	DEED_NONE,
	DEED_STOP,                       /* from `told` */
	DEED_STOP_TWICE,
	DEED_FREE,                       /* in the next turn */
	DEED_AGAIN,                      /* played again from `over` */
};

struct scene {
	const char *name, *script;
	const char *outcome;
	const char *about;               /* stands in what else is told of the failure; NULL: no
	                                  * matter */
	const char *server;              /* NULL: no matter */
	unsigned busy;
	uint64_t max_backlog;            /* 0: much */
	unsigned held_up_ms;             /* the loop, when the first message is taken */
	bool new_snapshots;
};

static char folder[] = "/tmp/player_test-XXXXXX";

struct play {
	struct script_server server;
	struct loop *loop;
	struct stage *stage;
	struct script *script;
	struct player *player;
	struct buf outcome, about, acts, measured;
	struct player_totals totals;
	bool endless;
	enum deed deed;
	unsigned held_up_ms;
	unsigned at, count;              /* the deed is done at that act; how many there were */
	unsigned plays;
	struct loop_timer guard, next;
};

/* --- what is told ------------------------------------------------------------------------ */

static void
do_now(struct play *p)
{
	switch (p->deed) {
	case DEED_NONE:
	case DEED_AGAIN:
		break;
	case DEED_STOP_TWICE:
		player_stop(p->player);
		/* fallthrough */
	case DEED_STOP:
		player_stop(p->player);
		break;
	case DEED_FREE:
		loop_timer_set(&p->next, 0);
		break;
	}
}

static void
next_turn(evutil_socket_t fd, short events, void *ctx)
{
	struct play *p = ctx;

	(void)fd;
	(void)events;
	if (p->player == NULL)
		return;
	player_free(p->player);
	p->player = NULL;
	loop_stop(p->loop);
}

/* One letter for each act; of those of a party its number behind it. */
static void
told(void *ctx, const struct player_told *t)
{
	static const char letters[] = "sdcorwamp.ty=xn";
	struct play *p = ctx;

	buf_addf(&p->acts, "%c", letters[t->act]);
	if (t->act != PLAYER_STEP && t->act != PLAYER_DONE && t->party >= 0)
		buf_addf(&p->acts, "%d", t->party);
	if (t->act == PLAYER_MATCHED) {
		usleep(p->held_up_ms * 1000);
		p->held_up_ms = 0;
	}
	if (p->count++ == p->at)
		do_now(p);
}

static void
measured(void *ctx, const struct step *step, uint64_t took_ns)
{
	struct play *p = ctx;

	buf_addf(&p->measured, "%s %d ms; ", step->label, (int)(took_ns / NS_PER_MS));
}

static void
describe(struct buf *into, const struct player_failure *f)
{
	buf_addf(into, "expected %s; %zu of %zu, %zu before", f->expected, f->skipped_count,
	    f->skipped_all, f->passed_over);
	for (size_t i = 0; i < f->skipped_count; i++)
		buf_addf(into, "; [%.*s] %zu: %s", (int)f->skipped[i].data.len,
		    f->skipped[i].data.data, f->skipped[i].len, f->skipped[i].why);
	buf_addf(into, "; state %s", f->state);
}

static void
over(void *ctx, const struct player_failure *f)
{
	struct play *p = ctx;

	player_totals(p->player, &p->totals);
	p->endless = player_is_endless(p->player);
	p->outcome.len = 0;
	if (f == NULL)
		buf_addf(&p->outcome, "fine");
	else
		buf_addf(&p->outcome, "%u%s: %s", f->step != NULL ? f->step->spot.line : 0,
		    f->connecting ? "!" : "", f->why.text);
	if (f != NULL)
		describe(&p->about, f);
	if (p->deed == DEED_AGAIN && ++p->plays < 3) {
		player_play(p->player, p->plays);
		return;
	}
	player_free(p->player);
	p->player = NULL;
	loop_stop(p->loop);
}

static const struct player_events watched = {told, measured, over};
static const struct player_events unwatched = {NULL, measured, over};

static void
give_up(evutil_socket_t fd, short events, void *ctx)
{
	struct play *p = ctx;

	(void)fd;
	(void)events;
	buf_addf(&p->outcome, "no end");
	loop_stop(p->loop);
}

/* --- a play ------------------------------------------------------------------------------ */

static struct script *
read_script(const struct play *p, const struct scene *scene)
{
	static struct script_errors errors;
	char at[32], dead[32];
	const struct script_define defines[] = {{"at", at}, {"dead", dead}};
	const struct script_params params = {.defines = defines, .define_count = 2,
	    .allow_exec = true, .new_snapshots = scene->new_snapshots};
	struct script *script;
	uint16_t port;

	close(tap_listen(&port));
	snprintf(at, sizeof at, "127.0.0.1:%u", p->server.port);
	snprintf(dead, sizeof dead, "127.0.0.1:%u", port);
	script = script_parse("scene", slice_of(scene->script), folder, &params, &errors);
	if (script == NULL)
		tap_ok(false, "%s: line %u: %s", scene->name, errors.items[0].line,
		    errors.items[0].text);
	return script;
}

static void
set_up(struct play *p, const struct scene *scene)
{
	static struct rng rng;
	struct client_options options = {.open_timeout = LIMIT_MS * NS_PER_MS,
	    .ping_interval = 30 * NS_PER_S, .ping_timeout = 10 * NS_PER_S,
	    .close_timeout = NS_PER_S, .max_message = 1 << 20,
	    .max_backlog = scene->max_backlog > 0 ? scene->max_backlog : 16 << 20,
	    .poll_interval = 10 * NS_PER_MS, .poll_wait = NS_PER_S, .poll_grace = 20 * NS_PER_MS,
	    .max_refusal = 1000};
	struct stage_params stage = {.rng = &rng, .client = &options,
	    .limit_ns = LIMIT_MS * NS_PER_MS, .new_snapshots = scene->new_snapshots};
	struct err e;

	rng_init(&rng, 1);
	stage.loop = p->loop = loop_new(&e);
	script_server_open(&p->server, p->loop);
	p->server.busy = scene->busy;
	p->held_up_ms = scene->held_up_ms;
	buf_init(&p->outcome, TEXT_MAX);
	buf_init(&p->about, TEXT_MAX);
	buf_init(&p->acts, TEXT_MAX);
	buf_init(&p->measured, TEXT_MAX);
	loop_timer_init(&p->guard, p->loop, give_up, p);
	loop_timer_init(&p->next, p->loop, next_turn, p);
	loop_timer_set(&p->guard, GUARD_S * NS_PER_S);
	p->stage = stage_new(&stage, &e);
	p->script = read_script(p, scene);
}

static void
run(struct play *p, const struct player_events *events)
{
	struct player_params params = {.stage = p->stage, .script = p->script, .conn = 7,
	    .url = "ws://nowhere/", .events = events, .ctx = p};
	struct buf *texts[] = {&p->outcome, &p->about, &p->acts, &p->measured, &p->server.trace};

	if (p->script != NULL) {
		p->player = player_new(&params);
		player_play(p->player, 1);
		tap_ok(p->acts.len == 0 && p->outcome.len == 0, "nothing is told at once");
		loop_run(p->loop, NULL);
	}
	for (size_t i = 0; i < COUNT(texts); i++)
		buf_add(texts[i], "", 1);
}

static void
tear_down(struct play *p)
{
	loop_timer_clear(&p->guard);
	loop_timer_clear(&p->next);
	player_free(p->player);
	stage_free(p->stage);
	script_free(p->script);
	script_server_close(&p->server);
	loop_free(p->loop);
	buf_release(&p->outcome);
	buf_release(&p->about);
	buf_release(&p->acts);
	buf_release(&p->measured);
}

/* In what is wanted one '*' stands for anything. */
static bool
is_like(const char *got, const char *want)
{
	const char *star = strchr(want, '*');
	size_t front = star != NULL ? (size_t)(star - want) : 0, back;

	if (star == NULL)
		return strcmp(got, want) == 0;
	back = strlen(star + 1);
	return strncmp(got, want, front) == 0 && strlen(got) >= front + back &&
	    strcmp(got + strlen(got) - back, star + 1) == 0;
}

static void
check(const struct scene *scene)
{
	struct play p = {.at = UINT32_MAX};

	set_up(&p, scene);
	run(&p, &watched);
	if (p.script != NULL) {
		if (!tap_ok(is_like((char *)p.outcome.data, scene->outcome), "%s", scene->name))
			printf("# got '%s', want '%s'\n# %s\n# %s\n", (char *)p.outcome.data,
			    scene->outcome, (char *)p.about.data, (char *)p.acts.data);
		if (scene->about != NULL && strstr((char *)p.about.data, scene->about) == NULL)
			tap_text((char *)p.about.data, scene->about, scene->name);
		if (scene->server != NULL)
			tap_text((char *)p.server.trace.data, scene->server, scene->name);
		tap_int((long long)p.totals.open, 0, "no connection is left open");
	}
	tear_down(&p);
}

static void
check_all(const struct scene *scenes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(&scenes[i]);
}

#define OPEN "open a ws://{at}/ws\n"

/* --- messages ---------------------------------------------------------------------------- */

static void
test_messages(void)
{
	static const struct scene scenes[] = {
		{"an empty script", "", .outcome = "fine", .server = ""},
		{"a message comes back", OPEN "a > hello\na < \"hello\"\n",
		    .outcome = "fine",
		    .server = "GET /ws"},
		{"what is passed over stays unread, in order", OPEN
		    "a > one\na > two\na > three\na < \"three\"\na <! \"one\"\na <! "
		    "\"two\"\n",
		    .outcome = "fine"},
		{"each message once", OPEN "a > one\na < \"one\"\na < \"one\" within 30ms\n",
		    .outcome = "4: nothing came to a within 30 ms",
		    .about = "expected text \"one\"; 0 of 0, 0 before; state open for "},
		{"nothing that fits", OPEN "a > one\na > two\na < \"two\"\na > three\n"
		    "a < \"four\" within 50ms\n",
		    .outcome = "6: nothing that fits came to a within 50 ms",
		    .about = "2 of 2, 1 before; [one] 3: "},
		{"the next is another one, which is there", OPEN
		    "a > one\na > two\na < \"two\"\na <! \"two\"\n",
		    .outcome = "5: the next message of a is another one",
		    .about = "1 of 1, 1 before; [one] 3: "},
		{"the next is another one, which comes", OPEN "a > later 30 one\na <! "
		    "\"two\"\n",
		    .outcome = "3: the next message of a is another one",
		    .about = "1 of 1, 0 before; [one] 3: "},
		{"within a limit", OPEN "a > later 60 one\na < \"one\" within 20ms\n",
		    .outcome = "3: nothing came to a within 20 ms"},
		{"a limit for all that follows", OPEN "timeout 20ms\na > later 60 one\n"
		    "a < \"one\"\n",
		    .outcome = "4: nothing came to a within 20 ms"},
		{"JSON, and what of it is saved", OPEN "a > {\"id\":5,\"to\":\"bob\"}\n"
		    "a < json {\"id\":5} save who /to\na > hi {who}\na < \"hi bob\"\n",
		    .outcome = "fine"},
		{"a pointer to nothing", OPEN "a > {\"id\":5}\na < any save x /to\n",
		    .outcome = "3: save x /to: there is no such value"},
		{"groups of a regex", OPEN "a > id=42;\na < /id=(?<n>\\d+)/\na > \"{n}{n}\"\n"
		    "a < \"4242\"\n", .outcome = "fine"},
		{"binary", OPEN "a > hex 00 01 ff\na < hex 00 01 ff\n",
		    .outcome = "fine"},
		{"an empty message", OPEN "a > \"\"\na < \"\"\n", .outcome = "fine"},
		{"variables", "set x \"{conn}-{iteration}\"\nset y \"{seq}{seq}\"\n" OPEN
		    "a > \"{x} {y} {seq} {y}\"\na < \"7-1 12 3 12\"\n",
		    .outcome = "fine"},
		{"a variable without a value", OPEN "repeat 1 {\na > {\"n\":1}\na < any "
		    "save v\n}\n"
		    "a > {v}\na < \"{\\\"n\\\":1}\"\n", .outcome = "fine"},
		{"clear", OPEN "a > one\na > two\na < \"two\"\na clear\na > three\n"
		    "a <! \"three\"\n", .outcome = "fine"},
		{"unread messages in order do no harm", OPEN "a > one\na > two\na < "
		    "\"two\"\n",
		    .outcome = "fine"},
		{"events with names and ids", "open b http://{at}/sse\nb < event e2 id "
		    "2 \"event 2\"\n"
		    "b <! event e1\n", .outcome = "fine"},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- nothing ----------------------------------------------------------------------------- */

static void
test_nothing(void)
{
	static const struct scene scenes[] = {
		{"none, and none comes", OPEN "a < none for 20ms\n", .outcome = "fine"},
		{"none, and one comes", OPEN "a > later 10 x\na < none for 60ms\n",
		    .outcome = "3: a message came to a that was not to come",
		    .about = "expected none for 60 ms; 1 of 1, 0 before; [x] 1: "},
		{"behind the window is not in it", OPEN "a > later 60 x\na < none for 20ms\n"
		    "a < \"x\"\n", .outcome = "fine"},
		{"one that is there, but was never looked at", OPEN "a > x\nwait 30ms\n"
		    "a < none for 10ms\n",
		    .outcome = "4: a message came to a that was not to come",
		    .about = "1 of 1, 1 before"},
		{"one that was passed over is no news", OPEN "a > x\na > y\na < \"y\"\n"
		    "a < none for 10ms\n", .outcome = "fine"},
		{"but it counts when it fits", OPEN "a > x\na > y\na < \"y\"\n"
		    "a < none \"x\" for 10ms\n",
		    .outcome = "5: a message came to a that was not to come",
		    .about = "expected none text \"x\" for 10 ms"},
		{"others do not", OPEN "a > later 10 x\na < none \"y\" for 30ms\na < \"x\"\n",
		    .outcome = "fine"},
		{"no more, and none comes", OPEN "a expect-no-more\nwait 20ms\n",
		    .outcome = "fine"},
		{"no more, and one comes", OPEN "a expect-no-more\na > x\nwait 1s\n",
		    .outcome = "2: a message came to a, and none was to come any more",
		    .about = "[x] 1: it came"},
		{"no more, and one is there", OPEN "a > x\nwait 30ms\na expect-no-more\n",
		    .outcome = "4: a has unread messages, and none was to come any more",
		    .about = "[x] 1: "},
		{"none of one that is gone", OPEN "a > cut\na < none for 1s\n",
		    .outcome = "3: a's connection was lost while nothing was to come: "
		    "the server closed the "
		    "connection without a close frame"},
	};

	check_all(scenes, COUNT(scenes));
}

/* Two strands share the party; the loop is held up when the first has its message, so that the
 * second sees its own long after it came. */
#define SHARED "parallel {\ndo {\na < \"x\"\n}\ndo {\n"
#define BOTH "\n}\ndo {\na > echo x\na > echo y\n}\n}\n"

static void
test_arrival(void)
{
	static const struct scene scenes[] = {
		{"seen late, but it came in time", OPEN SHARED "a < \"y\" within 40ms" BOTH,
		    .outcome = "fine", .held_up_ms = 80},
		{"seen late, but it came in the window", OPEN SHARED "a < none \"y\" "
		    "for 40ms" BOTH,
		    .outcome = "7: a message came to a that was not to come",
		    .held_up_ms = 80},
		{"time is up for what never comes", OPEN SHARED "a < \"z\" within 40ms" BOTH,
		    .outcome = "7: nothing that fits came to a within 40 ms",
		    .held_up_ms = 80},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- the end of connections -------------------------------------------------------------- */

static void
test_ends(void)
{
	static const struct scene scenes[] = {
		{"closed by us", OPEN "a close 1000 \"bye\"\na < close 1000 \"bye\"\n",
		    .outcome = "fine"},
		{"closed by us without a code", OPEN "a close\na < close 1005\n",
		    .outcome = "fine"},
		{"closed by the server", OPEN "a > close 1001 away\na < close 1000,1001 "
		    "\"away\"\n",
		    .outcome = "fine"},
		{"with another code", OPEN "a > close 4000 x\na < close 1000,1001 \"y\"\n",
		    .outcome = "3: a's connection ended in another way: closed with 4000 'x'",
		    .about = "expected close 1000,1001 'y'"},
		{"for another reason", OPEN "a > close 1000 x\na < close 1000 \"y\"\n",
		    .outcome = "3: a's connection ended in another way: closed with "
		    "1000 'x'"},
		{"not at all", OPEN "a < close within 20ms\n",
		    .outcome = "2: a's connection did not end within 20 ms"},
		{"lost, as expected", OPEN "a > cut\na < close 1006\n",
		    .outcome = "fine"},
		{"in any way", OPEN "a > cut\na < close\n", .outcome = "fine"},
		{"in order, and nobody needs it", OPEN "a > close 1001 away\nwait 30ms\n",
		    .outcome = "fine"},
		{"lost, and nobody noticed", OPEN "a > cut\nwait 30ms\n",
		    .outcome = "0: a's connection was lost, and no line expected that: "
		    "the server closed the "
		    "connection without a close frame"},
		{"lost, noticed later", OPEN "a > cut\nwait 30ms\na < close 1006\n",
		    .outcome = "fine"},
		{"closed while a message is expected", OPEN "a > close 1001 away\na < any\n",
		    .outcome = "3: a's connection was closed with 1001 'away' while a "
		    "message was expected",
		    .about = "expected any; 0 of 0, 0 before; state closed with 1001 'away'"},
		{"but those that came are still there", OPEN "a > one\na > close 1001 away\n"
		    "a < close\na < \"one\"\n", .outcome = "fine"},
		{"lost while a message is expected", OPEN "a > cut\na < any\n",
		    .outcome = "3: a's connection was lost while a message was "
		    "expected: the server closed the "
		    "connection without a close frame"},
		{"sent to nobody", OPEN "a close\na < close\na > x\n",
		    .outcome = "4: a's connection was closed with 1005"},
		{"dropped", OPEN "a drop\na < close 1006\n", .outcome = "fine"},
		{"open twice", OPEN OPEN, .outcome = "2: a is open already"},
		{"opened again, once it is closed", OPEN "a close\n" OPEN "a > x\na < "
		    "\"x\"\n",
		    .outcome = "fine"},
		{"an event stream ends", "open b sse http://{at}/ended\nb < event e1\nb "
		    "< close\n",
		    .outcome = "fine"},
		{"an event stream ends while an event is expected",
		    "open b sse http://{at}/ended\nb < \"no\"\n",
		    .outcome = "2: b's connection was ended by the server while a "
		    "message was expected"},
		{"a ping", OPEN "a ping\na ping within 500ms as p\n", .outcome = "fine"},
		{"a ping to one that is deaf", OPEN "a > deaf\nwait 20ms\na ping within "
		    "10ms\n",
		    .outcome = "4: no pong came within 10 ms"},
		{"a pause", OPEN "a pause\na > x\na < none for 30ms\na continue\na < \"x\"\n",
		    .outcome = "fine"},
		{"a pause at the end", OPEN "a pause\na > x\n", .outcome = "fine"},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- opening ----------------------------------------------------------------------------- */

static void
test_opening(void)
{
	static const struct scene scenes[] = {
		{"refused", "open a ws://{at}/status/403\n",
		    .outcome = "1!: the server refused the upgrade: 403 Said so",
		    .about = "state not opened: "},
		{"refused, as expected", "open a ws://{at}/status/403\n"
		    "a < status 401,403 header X-Why \"because\" save why header X-Why\n"
		    "http POST http://{at}/x body \"{why}\" < \"because\"\n",
		    .outcome = "fine"},
		{"refused in another way", "open a ws://{at}/status/404\na < status "
		    "401,403\n",
		    .outcome = "2: the server answered a with 404 Said so",
		    .about = "expected status 401,403"},
		{"not refused, and that is fine", "open a ws://{at}/ws\n"
		    "a < status 101 header X-Node \"n1\"\n", .outcome = "fine"},
		{"not refused, and it should have been", "open a ws://{at}/ws\na < "
		    "status 403\n",
		    .outcome = "2: the server answered a with 101 Switching Protocols"},
		{"nobody listens", "open a ws://{dead}/\n",
		    .outcome = "1!: cannot connect to *"},
		{"nobody listens, as expected", "open a ws://{dead}/\na < failed connect\n",
		    .outcome = "fine"},
		{"nobody listens, as somehow expected", "open a ws://{dead}/\na < failed\n",
		    .outcome = "fine"},
		{"nobody listens, and an answer is expected", "open a ws://{dead}/\na < "
		    "status 403\n",
		    .outcome = "2!: cannot connect to *"},
		{"failed in another way", "open a ws://{dead}/\na < failed http\n",
		    .outcome = "2: opening failed in another way (connect): cannot "
		    "connect to *",
		    .about = "expected failed http"},
		{"not failed", OPEN "a < failed\n",
		    .outcome = "2: a was opened, and should not have been"},
		{"no answer", "open a ws://{at}/hold within 30ms\n",
		    .outcome = "1!: not open within 0.03 s (still upgrading)"},
		{"no answer, as expected", "open a ws://{at}/hold within 30ms\na < "
		    "failed timeout\n",
		    .outcome = "fine"},
		{"an option", "open a ws://{at}/ws header \"X: {conn}\"\n",
		    .outcome = "fine",
		    .server = "GET /ws X=7"},
		{"an option that makes no sense", "set x a\nopen a ws://{at}/ws header "
		    "\"{x}\"\n",
		    .outcome = "2: header: bad header 'a': expected a name, a colon and "
		    "a value"},
		{"a URL that makes no sense", "set x ftp://a/\nopen a ws {x}\n",
		    .outcome = "2: bad URL 'ftp://a/': expected ws://, wss://, http:// "
		    "or https:// and a host"},
		{"an event stream that has nothing to say", "open b sse http://{at}/status/204\n",
		    .outcome = "1!: the server answered 204: it has nothing to say"},
		{"an event stream is redirected", "open b sse http://{at}/moved\nb < "
		    "event e1\n",
		    .outcome = "fine", .server = "GET /moved | GET /sse"},
		{"unless a line looks at that", "open b sse http://{at}/moved\nb < "
		    "status 302\n",
		    .outcome = "fine", .server = "GET /moved"},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_again(void)
{
	static const struct scene scenes[] = {
		{"reconnect", OPEN "a > x\na < \"x\"\na reconnect\na > y\na < \"y\"\n",
		    .outcome = "fine",
		    .server = "GET /ws | GET /ws Cookie=node=n1"},
		{"reconnect what is gone", OPEN "a > cut\nwait 30ms\na reconnect\na > "
		    "y\na < \"y\"\n",
		    .outcome = "fine"},
		{"reconnect refused", "open b sse http://{at}/sse\nb < id 2\nb reconnect\n",
		    .outcome = "fine",
		    .server = "GET /sse | GET /sse"},
		{"resume", "open b sse http://{at}/sse\nb < id 2\nb drop\nb resume\n"
		    "b < event e3 id 3\n", .outcome = "fine",
		    .server = "GET /sse | GET /sse Last-Event-ID=2"},
		{"the last id", "open b sse http://{at}/sse\nb < id 2\nb close\n"
		    "http POST http://{at}/x body \"{b.last_id}\" < \"2\"\n",
		    .outcome = "fine"},
		{"options are filled in anew", "open a ws://{at}/ws header \"X: {seq}\"\n"
		    "a reconnect\na close\nopen a ws://{at}/ws header \"X: {seq}\"\n",
		    .outcome = "fine",
		    .server = "GET /ws X=1 | GET /ws Cookie=node=n1 X=2 | GET /ws X=3"},
		{"each with options of its own", "repeat 3 as i {\n"
		    "open a ws://{at}/ws header \"X: {i}\"\na close\na < close\n}\n",
		    .outcome = "fine",
		    .server = "GET /ws X=1 | GET /ws X=2 | GET /ws X=3"},
		{"two with the same, one without", "set t 5\n"
		    "open a ws://{at}/ws header \"X: {t}\" cookie c=1\n"
		    "open b ws://{at}/ws header \"X: {t}\" cookie c=1\nopen c ws://{at}/ws\n"
		    "a reconnect\n", .outcome = "fine",
		    .server = "GET /ws Cookie=c=1 X=5 | "
		    "GET /ws Cookie=c=1 X=5 | GET /ws | GET /ws Cookie=c=1; node=n1 X=5"},
		{"lost, and back by itself", "open a ws://{at}/ws reconnect 3\na > cut\n"
		    "wait 10ms\na > x\na < \"x\"\n", .outcome = "fine"},
		{"back at the third attempt", "open a ws://{at}/ws reconnect 3\na > x\n"
		    "a < \"x\"\n",
		    .outcome = "fine", .busy = 2,
		    .server = "GET /ws | GET /ws | GET /ws"},
		{"not back in time", "open a ws://{at}/ws reconnect 1000 within 100ms\n",
		    .outcome = "1!: not open within 100 ms", .busy = 1000},
		{"not back in time, as expected",
		    "open a ws://{at}/ws reconnect 1000 within 100ms\na < failed timeout\n",
		    .outcome = "fine", .busy = 1000},
		{"not back", "open a ws://{at}/ws reconnect 1\n",
		    .outcome = "1!: the server refused the upgrade: 503 Busy", .busy = 9},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- other transports -------------------------------------------------------------------- */

static void
test_transports(void)
{
	static const struct scene scenes[] = {
		{"published by requests", "open b sse http://{at}/sse publish 'POST /pub/x'\n"
		    "b > hello\nb < \"hello\"\n", .outcome = "fine",
		    .server = "GET /sse | POST /pub/x Content-Type=text/plain; "
		    "charset=utf-8"},
		{"not published", "open b sse http://{at}/sse publish 'POST /status/403'\n"
		    "b > hello\nwait 1s\n",
		    .outcome = "2: b's message was not published: the server answered "
		    "403 Said so"},
		{"polls", "open b poll http://{at}/poll?since={last_id}\nb < json {\"n\":1}\n"
		    "b < json {\"n\":3}\nb <! json {\"n\":2}\n", .outcome = "fine"},
		{"a long poll that is held", "open b longpoll http://{at}/hold\nb < "
		    "none for 20ms\n",
		    .outcome = "fine"},
		{"its answer has not come", "open b longpoll http://{at}/hold\nb < "
		    "status 200\n",
		    .outcome = "2: there is no answer to b yet: the server holds the "
		    "request"},
		{"a poll goes on where it was", "open b poll "
		    "http://{at}/poll?since={last_id}\n"
		    "b < json {\"n\":2}\nb resume\nb < json {\"n\":4}\nb clear\nb reconnect\n"
		    "b < json {\"n\":1}\n", .outcome = "fine"},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- requests ---------------------------------------------------------------------------- */

static void
test_http(void)
{
	static const struct scene scenes[] = {
		{"a request", "http GET http://{at}/x\n", .outcome = "fine",
		    .server = "GET /x"},
		{"a status that is not fine", "http GET http://{at}/status/404\n",
		    .outcome = "1: the server answered 404 Said so",
		    .about = "expected status 200 to 299, any; 1 of 1, 0 before; [no] "
		    "2: status: expected 200 "
		    "to 299, got 404"},
		{"a status that is expected", "http GET http://{at}/status/404 < status "
		    "404\n",
		    .outcome = "fine"},
		{"conditions, and what is saved", "http GET http://{at}/x < status 200 "
		    "json {\"n\":1} "
		    "header X-Node \"n1\" save n /n\nhttp POST http://{at}/y body "
		    "\"{n}\" < \"1\"\n",
		    .outcome = "fine"},
		{"conditions that are not fulfilled", "http GET http://{at}/x < json "
		    "{\"n\":2}\n",
		    .outcome = "1: the server answered 200 OK",
		    .about = "expected status 200 to 299, json {\"n\":2}; "
		    "1 of 1, 0 before; [{\"n\":1}] 7: "},
		{"a body of JSON", "http POST http://{at}/x body {\"a\":1} < json "
		    "{\"a\":1}\n",
		    .outcome = "fine", .server = "POST /x Content-Type=application/json"},
		{"a connection is kept", "http GET http://{at}/a\nhttp POST http://{at}/b\n"
		    "http GET http://{at}/c header \"X: {conn}\"\n", .outcome = "fine",
		    .server = "GET /a | POST /b | GET /c X=7"},
		{"nobody listens", "http GET http://{dead}/\n",
		    .outcome = "1!: cannot connect to *"},
		{"no answer", "http GET http://{at}/hold within 20ms\n",
		    .outcome = "1: no answer within 20 ms (still waiting for the answer)"},
		{"redirects are not followed", "http GET http://{at}/moved < status 302\n",
		    .outcome = "fine"},
		{"what is sent by one is heard by the other", OPEN
		    "http POST http://{at}/pub body \"news\"\na < \"news\" as delivery\n",
		    .outcome = "fine"},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- commands ---------------------------------------------------------------------------- */

static void
test_exec(void)
{
	static const struct scene scenes[] = {
		{"a command", "exec 'exit 0'\n", .outcome = "fine"},
		{"one that fails", "exec 'exit 3'\n",
		    .outcome = "1: the command ended with status 3, expected 0"},
		{"one that is killed", "exec 'kill -9 $$'\n",
		    .outcome = "1: the command was ended by signal 9 (Killed)"},
		{"one that takes too long", "exec 'sleep 5' within 20ms\n",
		    .outcome = "1: the command did not end within 20 ms"},
		{"what it prints", "exec 'echo a; echo b' save x\n" OPEN "a > {x}\na < "
		    "\"a\\nb\"\n",
		    .outcome = "fine"},
		{"which is no JSON", "exec 'echo no' save n /n\n",
		    .outcome = "1: save n /n: this is no JSON"},
		{"JSON", "exec \"echo '\\u007b\\\"n\\\":[7]}'\" save n /n/0\n" OPEN "a "
		    "> {n}\n"
		    "a < \"7\"\n", .outcome = "fine"},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- blocks ------------------------------------------------------------------------------ */

static void
test_blocks(void)
{
	static const struct scene scenes[] = {
		{"repeat", OPEN "repeat 3 as i {\na > n{i}\na <! \"n{i}\"\n}\na < none "
		    "for 10ms\n",
		    .outcome = "fine"},
		{"repeat in repeat", OPEN "repeat 2 as i {\nrepeat 2 as k {\na > "
		    "\"{i}{k}\"\n}\n}\n"
		    "a <! \"11\"\na <! \"12\"\na <! \"21\"\na <! \"22\"\n",
		    .outcome = "fine"},
		{"many rounds of little", "repeat 5000 as i {\nset x {i}\n}\n" OPEN "a "
		    "> {x}\n"
		    "a < \"5000\"\n", .outcome = "fine"},
		{"do", OPEN "do {\na > x\na < \"x\"\n}\n", .outcome = "fine"},
		{"parallel", OPEN "open b ws://{at}/ws\nparallel {\na > later 30 x\na < "
		    "\"x\"\n"
		    "b > y\nb < \"y\" within 20ms\nwait 5ms\n}\n", .outcome = "fine"},
		{"an empty one", "parallel {\n}\nrepeat 3 {\n}\ndo {\n}\n",
		    .outcome = "fine"},
		{"strands open by themselves", "parallel {\nopen a ws://{at}/ws\n"
		    "open b ws://{at}/ws\na > x\nb > y\na < \"x\"\nb < \"y\"\n}\n",
		    .outcome = "fine"},
		{"a broken strand ends all", OPEN "parallel {\na < \"x\" within 20ms\n"
		    "wait 10s\n}\n",
		    .outcome = "3: nothing came to a within 20 ms"},
		{"a barrier", OPEN "open b ws://{at}/ws\nparallel {\na > later 20 x\na "
		    "< \"x\"\n"
		    "a barrier met\nb barrier met\nb > y\nb < \"y\" within 15ms\n}\n",
		    .outcome = "fine"},
		{"a barrier in rounds", OPEN "open b ws://{at}/ws\nset n 0\nparallel {\n"
		    "do {\n"
		    "repeat 3 as i {\na > {i}\na < \"{i}\"\na barrier met\n}\n}\ndo {\n"
		    "repeat 3 as k {\nb barrier met\nb > {k}\nb < \"{k}\"\n}\n}\n}\n",
		    .outcome = "fine"},
		{"a barrier that waits in vain", OPEN "open b ws://{at}/ws\nparallel {\n"
		    "do {\n"
		    "repeat 3 {\na barrier met\n}\n}\ndo {\nrepeat 2 {\nb barrier met\n"
		    "}\n}\n}\n",
		    .outcome = "6: this barrier waits in vain: the other strands are "
		    "done, or wait at other "
		    "barriers"},
		{"barriers that wait for each other", OPEN "open b ws://{at}/ws\nparallel {\n"
		    "a barrier x\na barrier y\nb barrier y\nb barrier x\n}\n",
		    .outcome = "6: this barrier waits in vain: the other strands are "
		    "done, or wait at other "
		    "barriers"},
		{"two that share a party: the first is asked first", OPEN "parallel {\ndo {\n"
		    "a < /x/ save first\n}\ndo {\na < /x/ save second\n}\ndo {\na > x1\n"
		    "a > x2\n}\n"
		    "}\na > \"{first}{second}\"\na < \"x1x2\"\n", .outcome = "fine"},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- bounds ------------------------------------------------------------------------------ */

static void
test_bounds(void)
{
	static const struct scene scenes[] = {
		{"too many unread messages", OPEN "a > flood 10001\nwait 5s\n",
		    .outcome = "0: a has 10000 unread messages: `a clear` forgets them"},
		{"unless they were passed over", OPEN "a > flood 9000\na < none \"x\" "
		    "for 300ms\n"
		    "a > flood 2000\na > x\na < \"x\"\n", .outcome = "fine"},
	};

	check_all(scenes, COUNT(scenes));
}

/* The script with a variable of so many bytes in it. */
static void
check_big(const struct scene *scene, size_t bytes)
{
	struct scene big = *scene;
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_add_text(&text, "set big ");
	while (bytes-- > 0)
		buf_add_text(&text, "x");
	buf_addf(&text, "\n%s", scene->script);
	buf_add(&text, "", 1);
	big.script = (const char *)text.data;
	check(&big);
	buf_release(&text);
}

static void
test_backlog(void)
{
	check_big(&(struct scene){.name = "a server that is deaf for a while: sending waits",
	    .script = OPEN "a > deaf\nwait 10ms\nrepeat 60 {\na > {big}\n}\na > end\n"
	    "a < \"end\"\n", .outcome = "fine", .max_backlog = 300 << 10}, 200 << 10);
	check_big(&(struct scene){.name = "but not for ever",
	    .script = OPEN "a > deaf\nwait 10ms\ntimeout 10ms\nrepeat 60 {\na > {big}\n}\n",
	    .outcome = "7: a could not send within 10 ms: the server takes nothing, and "
		    "too much "
	    "waits already", .max_backlog = 300 << 10}, 200 << 10);
	check_big(&(struct scene){.name = "more than may ever wait", .script = OPEN "a "
		    "> {big}\n",
	    .outcome = "3: 2000 bytes are more than may wait to be sent",
		    .max_backlog = 1000},
	    2000);
}

/* --- snapshots --------------------------------------------------------------------------- */

static void
test_snapshots(void)
{
	static const char script[] = OPEN "a > {\"n\":1}\n"
	    "a < json @shot.json\n";
	static const char other[] = OPEN "a > {\"n\":2}\n"
	    "a < json @shot.json within 20ms\n";
	const struct scene scenes[] = {
		{"a snapshot is written", script, .outcome = "fine",
		    .new_snapshots = true},
		{"and read", script, .outcome = "fine"},
		{"something else comes", other,
		    .outcome = "3: nothing that fits came to a within 20 ms"},
		{"which is written, too", other, .outcome = "fine",
		    .new_snapshots = true},
		{"and read", other, .outcome = "fine"},
	};

	char file[64];

	check_all(scenes, COUNT(scenes));
	snprintf(file, sizeof file, "%s/shot.json", folder);
	tap_int(unlink(file), 0, "the file is there");
}

/* --- figures ----------------------------------------------------------------------------- */

static void
test_figures(void)
{
	const struct scene scene = {.name = "figures", .script = OPEN "wait 30ms\n"
	    "a > later 40 x\na < \"x\" as delivery\na ping as ping\n"
	    "a < \"y\" within 30ms as failing\n"};
	struct play p = {.at = UINT32_MAX};
	int delivery = -1, ping = -1, failing = -1;

	set_up(&p, &scene);
	run(&p, &unwatched);
	sscanf((char *)p.measured.data, "delivery %d ms; ping %d ms; failing %d "
		    "ms", &delivery,
	    &ping, &failing);
	if (!tap_ok(delivery >= 38 && delivery < 500 && ping >= 0 && ping < 30 && failing >= 28,
	    "labels are measured, from what was sent last"))
		printf("# %s\n", p.measured.data);
	tap_int((long long)p.totals.opened, 1, "one was opened");
	tap_int((long long)p.totals.sent, 1, "one was sent");
	tap_int((long long)p.totals.received, 1, "one was received");
	tap_ok(p.totals.bytes_in > 100 && p.totals.bytes_out > 100, "bytes are counted");
	tear_down(&p);
}

static void
count_errors(const char *script, uint64_t failed, uint64_t dropped, enum err_class class,
    const char *name)
{
	const struct scene scene = {.name = name, .script = script};
	struct play p = {.at = UINT32_MAX};

	set_up(&p, &scene);
	run(&p, &watched);
	tap_int((long long)p.totals.failed, (long long)failed, name);
	tap_int((long long)p.totals.dropped, (long long)dropped, name);
	tap_int((long long)p.totals.errors[class], (long long)(failed + dropped), name);
	tear_down(&p);
}

static void
test_errors(void)
{
	count_errors("open a ws://{at}/status/403\n", 1, 0, ERR_HTTP, "refused");
	count_errors("open a ws://{dead}/\na < failed\n", 1, 0, ERR_CONNECT, "nobody "
		    "listens");
	count_errors("open a ws://{at}/hold within 20ms\n", 1, 0, ERR_TIMEOUT, "no answer");
	count_errors(OPEN "a > cut\na < any\n", 0, 1, ERR_CLOSED, "lost while needed");
	count_errors(OPEN "a > cut\nwait 20ms\n", 0, 1, ERR_CLOSED, "lost unnoticed");
	count_errors(OPEN "a > cut\na < close\n", 0, 0, ERR_CLOSED, "lost, as expected");
	count_errors(OPEN "a > close 1001 x\na < any\n", 0, 0, ERR_CLOSED, "closed in order");
	count_errors(OPEN "a drop\n", 0, 0, ERR_CLOSED, "dropped by the script");
}

/* What a stage counts is what its players count, but for bytes; and the peak is exact. */
static void
test_stage_totals(void)
{
	static const char script[] = "open a ws://{at}/ws\nopen b ws://{at}/ws\na > one\n"
	    "a < \"one\"\na close\na < close\nopen c ws://{at}/ws reconnect 1\nc > cut\n"
	    "wait 20ms\nopen d ws://{at}/status/403\nd < failed http\n"
	    "http GET http://{at}/x\nb drop\nb > never\n";
	const struct scene scene = {.name = "totals", .script = script};
	struct play p = {.at = UINT32_MAX};
	const struct stage_totals *all;
	uint64_t begun = clock_ns();
	struct player_totals sum;

	set_up(&p, &scene);
	run(&p, &watched);
	all = stage_totals(p.stage);
	sum = p.totals;
	sum.bytes_in = sum.bytes_out = 0;
	if (!tap_ok(memcmp(&all->plays, &sum, sizeof sum) == 0, "totals of the stage"))
		printf("# opened %llu, failed %llu, open %llu; %s\n",
		    (unsigned long long)all->plays.opened, (unsigned long long)all->plays.failed,
		    (unsigned long long)all->plays.open, (char *)p.outcome.data);
	tap_int((long long)all->plays.requests, 1, "… requests, too");
	tap_int((long long)all->plays.open, 0, "… nothing is open");
	tap_int((long long)all->peak, 2, "… never more than two were");
	tap_ok(all->opened_at > begun && all->opened_at < clock_ns() - 20 * NS_PER_MS,
	    "… and when the last was opened");
	tear_down(&p);
}

static void
is_endless(const char *script, enum deed deed, unsigned at, bool endless, const char *name)
{
	const struct scene scene = {.name = name, .script = script};
	struct play p = {.deed = deed, .at = at};

	set_up(&p, &scene);
	run(&p, &watched);
	if (!tap_ok(p.endless == endless, "%s", name))
		printf("# %s\n", (char *)p.outcome.data);
	tear_down(&p);
}

static void
test_endless(void)
{
	is_endless("repeat forever {\nwait 1ms\n}\n", DEED_STOP, 9, true, "a repeat forever");
	is_endless("parallel {\nwait 1h\nrepeat forever {\nwait 1ms\n}\n}\n", DEED_STOP, 9,
	    true, "one in a parallel block");
	is_endless("open a ws://{at}/hold\nrepeat forever {\nwait 1ms\n}\n", DEED_STOP, 1,
	    false, "one that was not reached");
	is_endless("repeat 2 {\nwait 1ms\n}\n", DEED_NONE, UINT32_MAX, false, "one that ends");
}

/* --- an end at any time ------------------------------------------------------------------ */

static const char everything[] =
    "set x 1\nopen a ws://{at}/ws header \"X: {x}\"\nopen b sse http://{at}/sse\n"
    "a > one\na > later 5 two\na < \"two\" as two save y\nb < id 2\nb < none for 5ms\n"
    "a ping\nhttp POST http://{at}/pub body \"{y}\" < status 202\nexec 'echo x' save z\n"
    "parallel {\na barrier met\nb barrier met\nwait 5ms\nexec 'sleep 0.01'\n"
    "http GET http://{at}/x\na < \"one\"\nb < \"two\"\n}\nrepeat 2 as i {\na > {i}\n}\n"
    "a pause\na continue\nb resume\na reconnect\na close 1000 \"bye\"\na < close 1000\n";

static const char back[] = "open c ws://{at}/ws reconnect 2\nc > cut\nwait 5ms\nc > back\n"
    "c < \"back\"\n";

/* Does it at acts that far apart, in one play after the other. */
static void
test_deed(enum deed deed, const char *script, unsigned stride, const char *outcome,
    const char *name)
{
	const struct scene scene = {.name = name, .script = script};
	unsigned at = 0, wrong = 0;
	bool reached = true;

	for (; reached && at < ACTS_MAX; at += stride) {
		struct play p = {.deed = deed, .at = at};

		set_up(&p, &scene);
		run(&p, &watched);
		reached = p.count > at;
		if (reached && strstr((char *)p.outcome.data, outcome) == NULL &&
		    strcmp((char *)p.outcome.data, "fine") != 0) {
			printf("# at %u: %s (%s)\n", at, (char *)p.outcome.data,
			    (char *)p.acts.data);
			wrong++;
		}
		wrong += p.totals.open != 0;
		tear_down(&p);
	}
	tap_int(wrong, 0, name);
	tap_ok(at > strlen(script) / 10 && at < ACTS_MAX, "%s: at %u places", name, at);
}

static void
test_again_and_again(void)
{
	const struct scene scene = {.name = "again", .script = everything};
	struct play p = {.deed = DEED_AGAIN, .at = UINT32_MAX};

	set_up(&p, &scene);
	run(&p, &watched);
	tap_text((char *)p.outcome.data, "fine", "played three times");
	tap_int(p.plays, 3, "by the same player");
	tap_int((long long)p.totals.opened, 3 * 4, "totals are those of all plays");
	tear_down(&p);
}

int
main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (mkdtemp(folder) == NULL)
		abort();
	test_messages();
	test_nothing();
	test_arrival();
	test_ends();
	test_opening();
	test_again();
	test_transports();
	test_http();
	test_exec();
	test_blocks();
	test_bounds();
	test_backlog();
	test_snapshots();
	test_figures();
	test_errors();
	test_stage_totals();
	test_endless();
	test_deed(DEED_STOP, everything, 3, "stopped", "stopped anywhere");
	test_deed(DEED_STOP_TWICE, everything, 5, "stopped", "stopped twice anywhere");
	test_deed(DEED_FREE, everything, 2, "", "freed anywhere");
	test_deed(DEED_STOP, back, 1, "stopped", "stopped while it comes back");
	test_deed(DEED_FREE, back, 1, "", "freed while it comes back");
	test_again_and_again();
	rmdir(folder);
	return tap_done();
}

#include "cli/client.h"

#include "lib/base/clock.h"

static struct opt_list headers, subprotocols, connect_to, source_ips;
static const char *origin, *cookie, *bearer, *user;
static uint64_t timeout = 10 * NS_PER_S;
static uint64_t ping_interval = 30 * NS_PER_S;
static uint64_t ping_timeout = 10 * NS_PER_S;
static uint64_t max_message = 16 << 20;
static int transport;

const struct opt client_rows[] = {
	{"header", 'H', OPT_LIST, &headers, "'NAME: VALUE'", "send this header field too", 0},
	{"subprotocol", 's', OPT_LIST, &subprotocols, "NAME", "offer a subprotocol", 0},
	{"transport", 't', OPT_CHOICE, &transport, "ws", "what to speak", 0},
	{"origin", 0, OPT_TEXT, &origin, "ORIGIN", "send an Origin", 0},
	{"cookie", 0, OPT_TEXT, &cookie, "'NAME=VALUE'", "send cookies", 0},
	{"bearer", 0, OPT_TEXT, &bearer, "TOKEN", "authorize by a bearer token", 0},
	{"user", 'u', OPT_TEXT, &user, "NAME:PASSWORD", "authorize by basic auth", 0},
	{"connect-to", 0, OPT_LIST, &connect_to, "HOST:PORT:HOST2:PORT2",
	    "go to HOST2:PORT2 instead of HOST:PORT", 0},
	{"source-ip", 0, OPT_LIST, &source_ips, "ADDRESS",
	    "connect from this local address; several take turns", 0},
	{"timeout", 0, OPT_DURATION, &timeout, "TIME", "limit for opening a connection (10s)", 0},
	{"ping-interval", 0, OPT_DURATION, &ping_interval, "TIME",
	    "ping an open connection this often (30s; 0: never)", 0},
	{"ping-timeout", 0, OPT_DURATION, &ping_timeout, "TIME",
	    "give it up when nothing follows a ping for so long (10s)", 0},
	{"max-message", 0, OPT_SIZE, &max_message, "SIZE", "longest message to take (16MiB)", 0},
	{0},
};

struct client_options
client_options_taken(void)
{
	return (struct client_options){
	    .headers = headers.items, .header_count = headers.count,
	    .subprotocols = subprotocols.items, .subprotocol_count = subprotocols.count,
	    .connect_to = connect_to.items, .connect_to_count = connect_to.count,
	    .source_ips = source_ips.items, .source_ip_count = source_ips.count,
	    .origin = origin, .cookie = cookie, .bearer = bearer, .user = user,
	    .open_timeout = timeout, .ping_interval = ping_interval,
	    .ping_timeout = ping_timeout, .close_timeout = 3 * NS_PER_S,
	    .max_message = max_message, .max_backlog = 16 << 20};
}

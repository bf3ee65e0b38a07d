#include "cli/cluster_stack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/cluster_haproxy.h"
#include "cli/cluster_probe.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/url.h"

enum { CONFIG_MAX = 64 << 10 };

/* A server that already sits on one of the fixed ports could be mistaken for a part of ours,
 * so all are tried first. */
static int
check_ports(const struct cluster_params *params, struct err *e)
{
	if (params->base_port == 0)
		return 0;
	for (size_t i = 0; i < params->nodes + 3; i++)
		if (cluster_probe_port((uint16_t)(params->base_port + i), e) != 0)
			return -1;
	return 0;
}

static int
start_part(struct cluster_stack *s, struct cluster_part *part, const char *name,
    const char *const *argv, struct err *e)
{
	s->culprit = part;
	return cluster_part_start(part, name, s->directory, argv, &s->watch.mask, e);
}

static int
await_part(struct cluster_stack *s, struct cluster_part *part,
    bool (*ready)(const struct cluster_part *part, const void *arg), const void *arg,
    struct err *e)
{
	s->culprit = part;
	if (cluster_watch_until(&s->watch, part, ready, arg, e) != 0)
		return -1;
	s->culprit = NULL;
	return 0;
}

/* Fills in ports: fixed ones from --base-port on (behind the nodes' own), else free ones. */
static int
choose_ports(const struct cluster_params *params, uint16_t *ports, size_t count, size_t offset,
    struct err *e)
{
	if (params->base_port == 0)
		return cluster_free_ports(ports, count, e);
	for (size_t i = 0; i < count; i++)
		ports[i] = (uint16_t)(params->base_port + params->nodes + offset + i);
	return 0;
}

/* A free port may be taken by someone else before the part binds it. */
static bool
worth_another_try(const struct cluster_stack *s, const struct cluster_part *part, int tries)
{
	return s->params->base_port == 0 && part->ended && tries < 2;
}

static bool
redis_answers(const struct cluster_part *part, const void *url)
{
	struct err e;

	(void)part;
	return cluster_probe_redis(url, &e) == 0;
}

static int
start_own_redis(struct cluster_stack *s, struct err *e)
{
	int tries = 0, failed;

	do {
		char port_text[8];
		const char *argv[] = {"redis-server", "--bind", "127.0.0.1", "--port",
		    port_text, "--dir", s->directory, "--save", "", "--appendonly", "no",
		    "--daemonize", "no", NULL};
		struct url url = {.host = "127.0.0.1"};

		if (choose_ports(s->params, &url.port, 1, 2, e) != 0)
			return -1;
		snprintf(port_text, sizeof port_text, "%u", url.port);
		snprintf(s->redis_url, sizeof s->redis_url, "redis://127.0.0.1:%u", url.port);
		failed = start_part(s, s->redis, "redis", argv, e) != 0 ||
		    await_part(s, s->redis, redis_answers, &url, e) != 0;
	} while (failed && worth_another_try(s, s->redis, ++tries));
	return failed ? -1 : 0;
}

static int
use_redis(struct cluster_stack *s, struct err *e)
{
	struct url url;
	int failed;

	if (url_parse(&url, s->params->redis_url, e) != 0)
		return -1;
	if (url.scheme != URL_REDIS || strlen(s->params->redis_url) >= sizeof s->redis_url)
		failed = err_set(e, ERR_USAGE, 0, "--redis: '%s' is not a redis:// URL",
		    s->params->redis_url);
	else
		failed = cluster_probe_redis(&url, e);
	url_release(&url);
	snprintf(s->redis_url, sizeof s->redis_url, "%s", s->params->redis_url);
	return failed;
}

static int
start_redis(struct cluster_stack *s, struct err *e)
{
	if (s->params->own_redis)
		return start_own_redis(s, e);
	return s->params->redis_url != NULL ? use_redis(s, e) : 0;
}

static int
start_node(struct cluster_stack *s, size_t index, struct err *e)
{
	const struct cluster_params *params = s->params;
	const char **argv = calloc(11 + params->node_arg_count, sizeof *argv);
	char name[32], listen[32];
	size_t n = 0;
	int failed;

	if (argv == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for arguments");
	snprintf(name, sizeof name, "n%zu", index + 1);
	snprintf(listen, sizeof listen, "127.0.0.1:%u",
	    params->base_port != 0 ? (unsigned)(params->base_port + index) : 0);
	argv[n++] = s->self;
	argv[n++] = "serve";
	argv[n++] = "--listen";
	argv[n++] = listen;
	argv[n++] = "--node";
	argv[n++] = name;
	if (s->redis_url[0] != '\0') {
		argv[n++] = "--redis";
		argv[n++] = s->redis_url;
	}
	if (params->chaos[index] != NULL) {
		argv[n++] = "--chaos";
		argv[n++] = params->chaos[index];
	}
	for (size_t i = 0; i < params->node_arg_count; i++)
		argv[n++] = params->node_args[i];
	failed = start_part(s, &s->node[index], name, argv, e);
	free(argv);
	return failed;
}

/* Ready when it has said on which port it listens, and answers there; `port` is filled in. */
static bool
node_answers(const struct cluster_part *part, const void *port)
{
	uint16_t *announced = *(uint16_t *const *)port;

	if (*announced == 0)
		*announced = cluster_part_port(part);
	return *announced != 0 && cluster_probe_http(*announced);
}

static int
start_nodes(struct cluster_stack *s, struct err *e)
{
	for (size_t i = 0; i < s->params->nodes; i++)
		if (start_node(s, i, e) != 0)
			return -1;
	for (size_t i = 0; i < s->params->nodes; i++) {
		uint16_t *port = &s->node_ports[i];

		if (await_part(s, &s->node[i], node_answers, &port, e) != 0)
			return -1;
	}
	return 0;
}

static int
write_file(const char *path, const struct buf *content, struct err *e)
{
	FILE *file = fopen(path, "we");
	bool ok = file != NULL && fwrite(content->data, 1, content->len, file) == content->len;

	if (file != NULL && fclose(file) != 0)
		ok = false;
	return ok ? 0 : err_set(e, ERR_IO, errno, "cannot write %.150s: %s", path,
	    strerror(errno));
}

static int
configure_lb(const struct cluster_stack *s, const char *path, struct err *e)
{
	const struct cluster_haproxy_params params = {.round_robin_port = s->lb_ports[0],
	    .sticky_port = s->lb_ports[1], .node_ports = s->node_ports,
	    .nodes = s->params->nodes};
	struct rlimit limit = {0};
	struct buf config;
	int failed;

	getrlimit(RLIMIT_NOFILE, &limit);
	buf_init(&config, CONFIG_MAX);
	if (cluster_haproxy_write(&config, &params, limit.rlim_max) != 0)
		failed = err_set(e, ERR_LIMIT, 0, "too many nodes for one load balancer");
	else
		failed = write_file(path, &config, e);
	buf_release(&config);
	return failed;
}

static bool
lb_answers(const struct cluster_part *part, const void *ports)
{
	const uint16_t *port = ports;

	(void)part;
	return cluster_probe_http(port[0]) && cluster_probe_http(port[1]);
}

static int
start_lb(struct cluster_stack *s, struct err *e)
{
	char path[PATH_MAX + 16];
	const char *argv[] = {"haproxy", "-db", "-f", path, NULL};
	int tries = 0, failed;

	if (!s->params->haproxy)
		return 0;
	snprintf(path, sizeof path, "%s/haproxy.cfg", s->directory);
	do {
		failed = choose_ports(s->params, s->lb_ports, 2, 0, e) != 0 ||
		    configure_lb(s, path, e) != 0 ||
		    start_part(s, s->lb, "lb", argv, e) != 0 ||
		    await_part(s, s->lb, lb_answers, s->lb_ports, e) != 0;
	} while (failed && worth_another_try(s, s->lb, ++tries));
	return failed ? -1 : 0;
}

static void
remove_directory(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);   /* fails for . and .., rightly */
	if (dir != NULL)
		closedir(dir);
	rmdir(directory);
}

static int
make_directory(struct cluster_stack *s, struct err *e)
{
	const char *base = getenv("TMPDIR");
	ssize_t len = readlink("/proc/self/exe", s->self, sizeof s->self - 1);

	if (len < 0)
		return err_set(e, ERR_IO, errno, "/proc/self/exe: %s", strerror(errno));
	s->self[len] = '\0';
	snprintf(s->directory, sizeof s->directory, "%.*s/hail-cluster.XXXXXX", PATH_MAX - 64,
	    base != NULL && base[0] != '\0' ? base : "/tmp");
	if (mkdtemp(s->directory) == NULL)
		return err_set(e, ERR_IO, errno, "cannot make a directory in %.150s: %s",
		    base != NULL ? base : "/tmp", strerror(errno));
	return 0;
}

int
cluster_stack_init(struct cluster_stack *s, const struct cluster_params *params, struct err *e)
{
	*s = (struct cluster_stack){.params = params};
	s->redis = &s->parts[0];
	s->lb = &s->parts[1];
	s->node = &s->parts[2];
	if (make_directory(s, e) != 0)
		return -1;
	if (cluster_watch_init(&s->watch, s->parts, params->nodes + 2, e) == 0)
		return 0;
	remove_directory(s->directory);
	return -1;
}

int
cluster_stack_start(struct cluster_stack *s, struct err *e)
{
	if (check_ports(s->params, e) != 0 || start_redis(s, e) != 0 || start_nodes(s, e) != 0)
		return -1;
	return start_lb(s, e);
}

void
cluster_stack_end(struct cluster_stack *s)
{
	cluster_watch_end(&s->watch, s->lb, 1);
	cluster_watch_end(&s->watch, s->node, s->params->nodes);
	cluster_watch_end(&s->watch, s->redis, 1);
}

void
cluster_stack_release(struct cluster_stack *s)
{
	cluster_watch_release(&s->watch);
	remove_directory(s->directory);
}

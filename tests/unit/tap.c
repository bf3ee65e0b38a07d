#include "tests/unit/tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int points, failures;

bool
tap_ok(bool ok, const char *format, ...)
{
	va_list args;

	printf("%s %d - ", ok ? "ok" : "not ok", ++points);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	if (!ok)
		failures++;
	return ok;
}

bool
tap_int(long long got, long long want, const char *name)
{
	if (!tap_ok(got == want, "%s", name))
		printf("# got %lld, want %lld\n", got, want);
	return got == want;
}

bool
tap_text(const char *got, const char *want, const char *name)
{
	bool same = got != NULL && want != NULL ? strcmp(got, want) == 0 : got == want;

	if (!tap_ok(same, "%s", name))
		printf("# got '%s', want '%s'\n", got ? got : "(null)", want ? want : "(null)");
	return same;
}

bool
tap_bytes(const void *got, size_t got_len, const void *want, size_t want_len, const char *name)
{
	bool same = got_len == want_len && (want_len == 0 || memcmp(got, want, want_len) == 0);

	if (!tap_ok(same, "%s", name))
		printf("# got %zu bytes, want %zu\n", got_len, want_len);
	return same;
}

bool
tap_traces(const char *client, const char *want_client, const char *server,
    const char *want_server, bool bytewise, const char *name)
{
	bool ok = (want_client == NULL || strcmp(client, want_client) == 0) &&
	    (want_server == NULL || strcmp(server, want_server) == 0);

	if (!tap_ok(ok, "%s%s", name, bytewise ? ", byte by byte" : ""))
		printf("# client '%s'\n#   want '%s'\n# server '%s'\n#   want '%s'\n", client,
		    want_client != NULL ? want_client : "anything", server,
		    want_server != NULL ? want_server : "anything");
	return ok;
}

int
tap_listen(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
		perror("tap_listen");
		exit(1);
	}
	*port = ntohs(at.sin_port);
	return fd;
}

int
tap_done(void)
{
	printf("1..%d\n", points);
	return failures == 0 ? 0 : 1;
}

static size_t
mapped_size(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (len + page - 1) / page * page + page;
}

void *
tap_guard(const void *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = mapped_size(len);
	uint8_t *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || mprotect(map + size - page, page, PROT_NONE) != 0) {
		perror("tap_guard");
		exit(1);
	}
	if (len > 0)
		memcpy(map + size - page - len, data, len);
	return map + size - page - len;
}

void
tap_guard_free(void *guarded, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = mapped_size(len);

	munmap((uint8_t *)guarded - (size - page - len), size);
}

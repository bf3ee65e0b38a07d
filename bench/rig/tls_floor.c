/* tls_floor.c: the least a WebSocket client over TLS can do with OpenSSL, as the floor to measure
 * against: floor.c's round trips, with the certificate verified and buffers released when idle.
 *
 * It opens CONNECTIONS, each with a full handshake, then lets every connection send SIZE bytes,
 * wait for the echo, and send again, for SECONDS. Then it prints one JSON line: the processor
 * time of a handshake (with the upgrade) and of a round trip, and the memory of a connection.
 *
 * usage: tls_floor PORT CONNECTIONS SECONDS SIZE CACERT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct conn {
	SSL *ssl;
	int upgraded;
	size_t len;
	uint8_t tail[256];
};

static int size, echoing, ep;
static long received, opened;
static SSL_CTX *ctx;
static struct sockaddr_in to = {.sin_family = AF_INET};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double
cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

static long
resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static void
die(const char *what)
{
	fprintf(stderr, "tls_floor: %s\n", what);
	exit(1);
}

static void
send_one(struct conn *c)
{
	uint8_t f[8 + 125];
	uint32_t key = (uint32_t)random();

	f[0] = 0x82;
	f[1] = (uint8_t)(0x80 | size);
	memcpy(f + 2, &key, 4);
	for (int i = 0; i < size; i++)
		f[6 + i] = 'x' ^ ((uint8_t *)&key)[i & 3];
	if (SSL_write(c->ssl, f, 6 + size) != 6 + size)
		die("write");
}

/* The bytes at the front that make frames of less than 126 bytes. */
static size_t
take_frames(struct conn *c, const uint8_t *data, size_t len)
{
	size_t at = 0;

	while (len - at >= 2 && len - at >= 2u + (data[at + 1] & 127)) {
		at += 2u + (data[at + 1] & 127);
		received++;
		if (echoing)
			send_one(c);
	}
	return at;
}

static void
readable(struct conn *c)
{
	static uint8_t buf[65536];
	const uint8_t *end;
	size_t len, at = 0;
	int got;

	for (;;) {
		memcpy(buf, c->tail, c->len);
		got = SSL_read(c->ssl, buf + c->len, (int)(sizeof buf - c->len));
		if (got <= 0 && SSL_get_error(c->ssl, got) == SSL_ERROR_WANT_READ)
			return;
		if (got <= 0)
			die("closed");
		len = c->len + (size_t)got;
		at = 0;
		if (!c->upgraded && (end = memmem(buf, len, "\r\n\r\n", 4)) != NULL) {
			c->upgraded = 1;
			opened++;
			at = (size_t)(end + 4 - buf);
		}
		if (c->upgraded)
			at += take_frames(c, buf + at, len - at);
		c->len = len - at;
		if (c->len > sizeof c->tail)
			die("tail");
		memcpy(c->tail, buf + at, c->len);
	}
}

static void
turn(int wait_ms)
{
	struct epoll_event got[512];

	for (int n = epoll_wait(ep, got, 512, wait_ms); n-- > 0;)
		readable(got[n].data.ptr);
}

static void
open_one(struct conn *c)
{
	static const char request[] = "GET /echo HTTP/1.1\r\nHost: localhost\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->ssl = SSL_new(ctx);
	SSL_set_fd(c->ssl, fd);
	SSL_set_tlsext_host_name(c->ssl, "localhost");
	SSL_set1_host(c->ssl, "localhost");
	if (SSL_connect(c->ssl) != 1)
		die("handshake");
	if (SSL_write(c->ssl, request, sizeof request - 1) <= 0)
		die("write");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static void
prepare(int port, const char *cacert)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	to.sin_port = htons((uint16_t)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_locations(ctx, cacert, NULL) != 1)
		die("cacert");
	ep = epoll_create1(0);
}

int
main(int argc, char **argv)
{
	double seconds, start, cpu0, cpu1;
	struct conn *all;
	int count;
	long rss;

	if (argc != 6)
		die("usage: tls_floor PORT CONNECTIONS SECONDS SIZE CACERT");
	count = (int)strtol(argv[2], NULL, 10);
	seconds = strtod(argv[3], NULL);
	size = (int)strtol(argv[4], NULL, 10);
	if (size < 1 || size > 125)
		die("size");
	prepare((int)strtol(argv[1], NULL, 10), argv[5]);
	all = calloc((size_t)count, sizeof *all);
	rss = resident();
	cpu0 = cpu();
	for (int i = 0; i < count; i++) {
		open_one(&all[i]);
		if (i % 64 == 63)
			turn(0);
	}
	while (opened < count)
		turn(100);
	cpu1 = cpu();
	rss = resident() - rss;
	echoing = 1;
	for (int i = 0; i < count; i++)
		send_one(&all[i]);
	for (start = now(); now() - start < seconds;)
		turn(100);
	printf("{\"connections\":%d,\"open_cpu_us\":%.2f,\"received\":%ld,"
	       "\"cpu_us_per_message\":%.3f,\"bytes_per_connection\":%ld}\n",
	       count, (cpu1 - cpu0) * 1e6 / count, received,
	       (cpu() - cpu1) * 1e6 / (double)received, rss / count);
	return 0;
}

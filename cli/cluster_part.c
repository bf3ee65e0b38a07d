#include "cli/cluster_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum { OUTPUT_SHOWN = 16 << 10 };   /* no more than this is read back of what a part wrote */

void
cluster_child_begin(pid_t supervisor, const sigset_t *mask, int signal)
{
	prctl(PR_SET_PDEATHSIG, signal);
	if (getppid() != supervisor)    /* it went before the kernel was asked */
		_exit(127);
	sigprocmask(SIG_SETMASK, mask, NULL);
}

bool
cluster_find_program(const char *name, char *path, size_t size)
{
	const char *own = getenv("PATH");
	struct slice lists[2] = {slice_of(own != NULL ? own : ""),
	    slice_of("/usr/local/sbin:/usr/sbin:/sbin")};

	if (strchr(name, '/') != NULL)
		return (size_t)snprintf(path, size, "%s", name) < size &&
		    access(path, X_OK) == 0;
	for (size_t i = 0; i < 2; i++)
		while (lists[i].data != NULL) {
			struct slice dir = slice_cut(&lists[i], ':');
			int len = snprintf(path, size, "%.*s/%s", (int)dir.len, dir.data,
			    name);

			if (dir.len > 0 && (size_t)len < size && access(path, X_OK) == 0)
				return true;
		}
	return false;
}

/* Every part may hold as many connections as the machine lets it. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static _Noreturn void
become(const char *const *argv, int output)
{
	char path[PATH_MAX];
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setpgid(0, 0);
	raise_descriptor_limit();
	dup2(nothing, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	errno = ENOENT;
	if (cluster_find_program(argv[0], path, sizeof path))
		execv(path, (char *const *)argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int
cluster_part_start(struct cluster_part *part, const char *name, const char *directory,
    const char *const *argv, const sigset_t *mask, struct err *e)
{
	pid_t supervisor = getpid();
	int output;

	*part = (struct cluster_part){0};
	snprintf(part->name, sizeof part->name, "%s", name);
	snprintf(part->output, sizeof part->output, "%s/%s.log", directory, name);
	output = open(part->output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (output < 0)
		return err_set(e, ERR_IO, errno, "cannot write %s: %s", part->output,
		    strerror(errno));
	part->pid = fork();
	if (part->pid == 0) {
		cluster_child_begin(supervisor, mask, SIGKILL);
		become(argv, output);
	}
	close(output);
	if (part->pid < 0) {
		part->pid = 0;
		return err_set(e, ERR_IO, errno, "cannot start %s: %s", name, strerror(errno));
	}
	return 0;
}

void
cluster_part_ended(struct cluster_part *part, int status)
{
	part->pid = 0;
	part->status = status;
	part->ended = true;
}

void
cluster_part_signal(struct cluster_part *part, int signal)
{
	if (part->pid <= 0)
		return;
	part->stopped = true;
	kill(part->pid, signal);
}

const char *
cluster_status_text(char *into, size_t size, int status)
{
	if (WIFSIGNALED(status))
		snprintf(into, size, "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(into, size, "status %d", WEXITSTATUS(status));
	return into;
}

/* Reads the first or the last bytes, at most `size` - 1, and ends them with a NUL. */
static size_t
read_output(const struct cluster_part *part, bool of_the_end, char *into, size_t size)
{
	int fd = open(part->output, O_RDONLY | O_CLOEXEC);
	ssize_t len = 0;

	if (fd >= 0) {
		if (of_the_end)
			lseek(fd, -(off_t)(size - 1), SEEK_END);   /* fails if shorter: fine */
		len = read(fd, into, size - 1);
		close(fd);
	}
	into[len > 0 ? len : 0] = '\0';
	return len > 0 ? (size_t)len : 0;
}

void
cluster_part_show(const struct cluster_part *part, int lines)
{
	char text[OUTPUT_SHOWN];
	size_t len = read_output(part, true, text, sizeof text);
	struct slice rest;
	size_t from;

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	for (from = len; from > 0; from--)
		if (text[from - 1] == '\n' && --lines == 0)
			break;
	rest = (struct slice){text + from, len - from};
	while (rest.data != NULL && len > 0) {
		struct slice line = slice_cut(&rest, '\n');

		fprintf(stderr, "  %s: %.*s\n", part->name, (int)line.len, line.data);
	}
}

uint16_t
cluster_part_port(const struct cluster_part *part)
{
	static const char said[] = " listening on http";
	char text[OUTPUT_SHOWN], *line, *end, *colon;
	unsigned long port;

	read_output(part, false, text, sizeof text);
	line = strstr(text, said);
	end = line != NULL ? strchr(line, '\n') : NULL;
	if (end == NULL)
		return 0;
	*end = '\0';
	colon = strrchr(line, ':');
	port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
	return *end == '\0' && port <= UINT16_MAX ? (uint16_t)port : 0;
}

#include "cli/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/paste.h"
#include "lib/base/err.h"

static const int fatal[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV,
    SIGTERM, SIGSYS, SIGXCPU, SIGXFSZ, SIGUSR1, SIGUSR2};

enum { FATAL = sizeof fatal / sizeof *fatal };

/* Read by signal handlers, so it is the process's own and not a struct that comes and goes. */
static struct {
	volatile sig_atomic_t taken, raw, line_shown;
	int fd;
	struct termios before;
	bool handled[FATAL];
	bool at_exit;
} tty = {.fd = -1};

int
tty_reopen(int fd, bool *blocks, struct err *e)
{
	int flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, again = -1;
	char path[64];

	if (ttyname_r(fd, path, sizeof path) == 0)
		again = open(path, flags);
	if (again < 0 && tcgetpgrp(fd) > 0)
		again = open("/dev/tty", flags);
	*blocks = again < 0;
	if (again < 0)
		again = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (again < 0)
		err_set(e, ERR_IO, errno, "cannot open the terminal: %s", strerror(errno));
	return again;
}

/* A process in the background is stopped when it changes modes, unless it blocks the signal. */
static void
set_modes(const struct termios *modes)
{
	sigset_t block, before;

	sigemptyset(&block);
	sigaddset(&block, SIGTTOU);
	sigprocmask(SIG_BLOCK, &block, &before);
	tcsetattr(tty.fd, TCSANOW, modes);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
say(const char *text)
{
	ssize_t n = write(tty.fd, text, strlen(text));

	(void)n;                     /* a terminal that takes nothing needs no restoring */
}

void
tty_restore(void)
{
	int saved = errno;

	if (tty.taken && tty.raw) {
		tty.raw = 0;
		say(tty.line_shown ? PASTE_OFF "\n" : PASTE_OFF);
		set_modes(&tty.before);
	}
	errno = saved;
}

static void
die(int number)
{
	tty_restore();
	signal(number, SIG_DFL);
	raise(number);
}

static void
handle_fatal(void)
{
	struct sigaction ours = {.sa_handler = die}, now;

	for (int i = 0; i < FATAL; i++)
		if (sigaction(fatal[i], NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
		    now.sa_handler == SIG_DFL)
			tty.handled[i] = sigaction(fatal[i], &ours, NULL) == 0;
}

static void
handle_no_more(void)
{
	struct sigaction now;

	for (int i = 0; i < FATAL; i++)
		if (tty.handled[i] && sigaction(fatal[i], NULL, &now) == 0 &&
		    now.sa_handler == die)
			signal(fatal[i], SIG_DFL);
	memset(tty.handled, 0, sizeof tty.handled);
}

void
tty_resume(void)
{
	struct termios raw = tty.before;

	if (!tty.taken)
		return;
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | IGNCR | ISTRIP | PARMRK);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | ISIG | IEXTEN);
	raw.c_oflag |= OPOST | ONLCR;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tty.raw = 1;
	set_modes(&raw);
	say(PASTE_ON);
}

int
tty_take(int fd, struct err *e)
{
	if (tty.taken)
		return err_set(e, ERR_IO, 0, "the terminal has a prompt already");
	if (tcgetattr(fd, &tty.before) != 0)
		return err_set(e, ERR_IO, errno, "cannot read the terminal's modes: %s",
		    strerror(errno));
	tty.fd = fd;
	tty.line_shown = 0;
	tty.taken = 1;
	if (!tty.at_exit)
		tty.at_exit = atexit(tty_restore) == 0;
	handle_fatal();
	tty_resume();
	return 0;
}

void
tty_pause(void)
{
	tty_restore();
}

void
tty_give(void)
{
	if (!tty.taken)
		return;
	tty_restore();
	tty.taken = 0;
	handle_no_more();
}

void
tty_line(bool shown)
{
	tty.line_shown = shown;
}

const struct termios *
tty_before(void)
{
	return &tty.before;
}

bool
tty_is_ours(void)
{
	pid_t foreground = tcgetpgrp(tty.fd);

	return foreground < 0 || foreground == getpgrp();
}

bool
tty_wants_color(int fd, int choice)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (choice != 0)
		return choice == 1;
	return isatty(fd) && (no_color == NULL || *no_color == '\0') && term != NULL &&
	    strcmp(term, "dumb") != 0;
}

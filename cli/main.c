/* main.c: finds the command and hands it its options. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/opt.h"
#include "lib/base/err.h"

#ifndef HAIL_VERSION
#define HAIL_VERSION "0.0"
#endif

static const struct cmd *const commands[] = {
	&cmd_connect,
	&cmd_run,
	&cmd_bench,
	&cmd_serve,
	&cmd_cluster,
	NULL,
};

const struct cmd *const *
cmd_all(void)
{
	return commands;
}

void
cmd_complain(const char *format, ...)
{
	va_list args;

	fputs("hail: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static const struct cmd *
find(const char *name)
{
	for (const struct cmd *const *c = commands; *c != NULL; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static int
help(void)
{
	puts("usage: hail [OPTION...] URL\n"
	     "       hail COMMAND [OPTION...] [OPERAND...]\n\n"
	     "Talks to real-time endpoints, checks and loads them. A URL alone is connected to:\n"
	     "hail ws://127.0.0.1:9001/echo\n");
	for (const struct cmd *const *c = commands; *c != NULL; c++)
		printf("  %-10s %s\n", (*c)->name, (*c)->summary);
	puts("\n`hail COMMAND --help` lists the options of a command; hail(1) has the rest.");
	return EXIT_FINE;
}

static int
help_for(const struct cmd *c)
{
	printf("usage: hail %s [OPTION...]%s%s\n\n%s.\n\n", c->name,
	    *c->operands != '\0' ? " " : "", c->operands, c->summary);
	opt_usage(c->options);
	if (c->epilogue != NULL)
		printf("\n%s\n", c->epilogue);
	return EXIT_FINE;
}

static bool
asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int
run(const struct cmd *c, int argc, char **argv)
{
	struct err e = {0};
	int operands, rest;

	if (asks_for_help(argc, argv))
		return help_for(c);
	if (opt_parse(c->options, argc, argv, &operands, &rest, &e) != 0) {
		cmd_complain("%s (see `hail %s --help`)", e.text, c->name);
		return err_exit_code(e.class);
	}
	return c->run(operands, argv, argv + rest);
}

/* `hail URL` and `hail -k URL` are `hail connect`; a word is a command, known or not. */
static bool
means_connect(const char *word)
{
	return *word == '-' || strpbrk(word, ":/.") != NULL;
}

/* What the caller has closed (`<&-`) would go to the first file or socket that is opened. In its
 * place stands something of which reading, or writing, fails. */
static void
hold_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", fcntl(STDIN_FILENO, F_GETFD) < 0 ? O_WRONLY : O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int
main(int argc, char **argv)
{
	const struct cmd *c;

	hold_standard_files();
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return argc < 2 ? (help(), EXIT_USAGE) : help();
	if (strcmp(argv[1], "--version") == 0) {
		puts("hail " HAIL_VERSION);
		return EXIT_FINE;
	}
	if (strcmp(argv[1], "--completion") == 0)
		return completion_print(argc == 3 ? argv[2] : "");
	if (strcmp(argv[1], "help") == 0 && argc == 2)
		return help();
	if (strcmp(argv[1], "help") == 0) {
		argv++;
		c = find(argv[1]);
		return c != NULL ? help_for(c) :
		    (cmd_complain("no command '%s'", argv[1]), EXIT_USAGE);
	}
	c = find(argv[1]);
	if (c == NULL && means_connect(argv[1]))
		return run(&cmd_connect, argc - 1, argv + 1);
	if (c == NULL) {
		cmd_complain("no command '%s'; `hail --help` lists them", argv[1]);
		return EXIT_USAGE;
	}
	return run(c, argc - 2, argv + 2);
}

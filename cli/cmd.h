/* cmd.h: a command is one file with one const struct, added by one line in cli/main.c. */
#ifndef HAIL_CLI_CMD_H
#define HAIL_CLI_CMD_H

struct opt;

struct cmd {
	const char *name;
	const char *operands;                /* for the usage line: "WORKLOAD URL..." */
	const char *summary;                 /* one line for `hail --help` */
	const struct opt *const *options;    /* groups of rows, the array ends with NULL */
	const char *epilogue;                /* after the options in --help; may be NULL */

	/* Runs with the operands that opt_parse left: argv[0..argc). `rest` is what followed
	 * "--", ended by NULL. Returns the exit code. */
	int (*run)(int argc, char **argv, char **rest);
};

extern const struct cmd cmd_bench;
extern const struct cmd cmd_cluster;
extern const struct cmd cmd_connect;
extern const struct cmd cmd_run;
extern const struct cmd cmd_serve;

/* Prints the completion script for "bash", "zsh" or "fish". Returns the exit code. */
int completion_print(const char *shell);

/* Every command, in the order of `hail --help`; NULL ends them. */
const struct cmd *const *cmd_all(void);

/* Prints "hail: " and the text, then a newline, to stderr. */
void cmd_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

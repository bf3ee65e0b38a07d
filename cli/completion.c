/* completion.c: `hail --completion SHELL`: completion scripts, made from the option rows. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/opt.h"
#include "lib/base/err.h"

/* What may follow an option. */
enum follows {
	FOLLOWS_NOTHING,         /* it is a flag */
	FOLLOWS_ANYTHING,
	FOLLOWS_FILE,
	FOLLOWS_CHOICE,
};

static enum follows
what_follows(const struct opt *o)
{
	switch (o->type) {
	case OPT_FLAG:
	case OPT_UNFLAG:
	case OPT_TALLY:
	case OPT_MAYBE:
		return FOLLOWS_NOTHING;
	case OPT_CHOICE:
		return FOLLOWS_CHOICE;
	case OPT_TEXT:
	case OPT_LIST:
		return strstr(o->argument, "FILE") != NULL || strcmp(o->argument, "PATH") == 0 ?
		    FOLLOWS_FILE : FOLLOWS_ANYTHING;
	case OPT_COUNT:
	case OPT_DURATION:
	case OPT_RATE:
	case OPT_SIZE:
		return FOLLOWS_ANYTHING;
	}
	return FOLLOWS_ANYTHING;
}

/* "a|b" as "a b". */
static void
print_choices(const struct opt *o)
{
	for (const char *c = o->argument; *c != '\0'; c++)
		putchar(*c == '|' ? ' ' : *c);
}

typedef void row_fn(const struct cmd *c, const struct opt *o);

static void
for_each_row(const struct cmd *c, row_fn *fn)
{
	for (const struct opt *const *g = c->options; *g != NULL; g++)
		for (const struct opt *o = *g; o->name != NULL; o++)
			if (o->help != NULL)
				fn(c, o);
}

/* --- bash -------------------------------------------------------------------------------- */

static void
bash_word(const struct cmd *c, const struct opt *o)
{
	(void)c;
	printf(" --%s", o->name);
	if (o->letter != 0)
		printf(" -%c", o->letter);
}

static void
bash_case(const struct cmd *c, const struct opt *o)
{
	enum follows follows = what_follows(o);

	if (follows == FOLLOWS_NOTHING)
		return;
	printf("\t%s:--%s", c->name, o->name);
	if (o->letter != 0)
		printf("|%s:-%c", c->name, o->letter);
	printf(") ");
	if (follows == FOLLOWS_CHOICE) {
		printf("COMPREPLY=($(compgen -W '");
		print_choices(o);
		printf("' -- \"$word\")); return ;;\n");
	} else if (follows == FOLLOWS_FILE) {
		printf("COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n");
	} else {
		printf("COMPREPLY=(); return ;;\n");
	}
}

static void
bash(void)
{
	printf("# bash completion for hail\n_hail()\n{\n"
	       "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	       "\tlocal command=connect i\n\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	for (const struct cmd *const *c = cmd_all(); *c != NULL; c++)
		printf("%s%s", c != cmd_all() ? "|" : "", (*c)->name);
	printf(") command=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
	       "\tcase $command:$before in\n");
	for (const struct cmd *const *c = cmd_all(); *c != NULL; c++)
		for_each_row(*c, bash_case);
	printf("\tesac\n\tcase $word in\n\t-*) ;;\n\t*)\n\t\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	       "\t\t\tCOMPREPLY=($(compgen -W '");
	for (const struct cmd *const *c = cmd_all(); *c != NULL; c++)
		printf("%s%s", c != cmd_all() ? " " : "", (*c)->name);
	printf("' -- \"$word\"))\n\t\tfi\n\t\treturn ;;\n\tesac\n\tcase $command in\n");
	for (const struct cmd *const *c = cmd_all(); *c != NULL; c++) {
		printf("\t%s) COMPREPLY=($(compgen -W '--help", (*c)->name);
		for_each_row(*c, bash_word);
		printf("' -- \"$word\")) ;;\n");
	}
	printf("\tesac\n}\ncomplete -o default -F _hail hail\n");
}

/* --- zsh --------------------------------------------------------------------------------- */

/* Inside '…[…]': quotes end the word, brackets and colons the field. */
static void
zsh_text(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\'')
			printf("'\\''");
		else if (strchr("[]:\\", *text) != NULL)
			printf("\\%c", *text);
		else
			putchar(*text);
}

static void
zsh_spec(const char *dashes, const char *name, const struct opt *o)
{
	bool repeats = o->type == OPT_LIST || o->type == OPT_TALLY;
	enum follows follows = what_follows(o);

	printf(" \\\n\t\t\t'%s%s%s[", repeats ? "*" : "", dashes, name);
	zsh_text(o->help);
	putchar(']');
	if (follows != FOLLOWS_NOTHING) {
		putchar(':');
		zsh_text(follows == FOLLOWS_CHOICE ? o->name : o->argument);
		putchar(':');
	}
	if (follows == FOLLOWS_FILE)
		printf("_files");
	if (follows == FOLLOWS_CHOICE) {
		putchar('(');
		print_choices(o);
		putchar(')');
	}
	putchar('\'');
}

static void
zsh_row(const struct cmd *c, const struct opt *o)
{
	char letter[2] = {o->letter, '\0'};

	(void)c;
	zsh_spec("--", o->name, o);
	if (o->letter != 0)
		zsh_spec("-", letter, o);
}

static void
zsh(void)
{
	printf("#compdef hail\n\n_hail() {\n\tlocal command=connect\n\tlocal -a commands=(\n");
	for (const struct cmd *const *c = cmd_all(); *c != NULL; c++) {
		printf("\t\t'%s:", (*c)->name);
		zsh_text((*c)->summary);
		printf("'\n");
	}
	printf("\t)\n\tif ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n"
	       "\t\t_describe -t commands command commands\n\t\treturn\n\tfi\n"
	       "\tif [[ -n ${(M)commands:#$words[2]:*} ]]; then\n"
	       "\t\tcommand=$words[2]\n\t\tshift words\n\t\t((CURRENT--))\n\tfi\n"
	       "\tcase $command in\n");
	for (const struct cmd *const *c = cmd_all(); *c != NULL; c++) {
		printf("\t%s)\n\t\t_arguments -s '--help[show the options]'", (*c)->name);
		for_each_row(*c, zsh_row);
		printf(" \\\n\t\t\t'*:: :_default'\n\t\t;;\n");
	}
	printf("\tesac\n}\n\ncompdef _hail hail\n");
}

/* --- fish -------------------------------------------------------------------------------- */

static void
fish_text(const char *text)
{
	putchar('\'');
	for (; *text != '\0'; text++)
		if (*text == '\'' || *text == '\\')
			printf("\\%c", *text);
		else
			putchar(*text);
	putchar('\'');
}

static void
fish_row(const struct cmd *c, const struct opt *o)
{
	enum follows follows = what_follows(o);

	printf("complete -c hail -n '__hail_command %s' -l %s", c->name, o->name);
	if (o->letter != 0)
		printf(" -s %c", o->letter);
	printf(" -d ");
	fish_text(o->help);
	if (follows == FOLLOWS_FILE)
		printf(" -rF");
	else if (follows != FOLLOWS_NOTHING)
		printf(" -x");
	if (follows == FOLLOWS_CHOICE) {
		printf(" -a '");
		print_choices(o);
		putchar('\'');
	}
	putchar('\n');
}

static void
fish(void)
{
	printf("# fish completion for hail\n"
	       "function __hail_command\n"
	       "    set -l words (commandline -opc)\n    set -e words[1]\n"
	       "    set -l command connect\n"
	       "    if contains -- \"$words[1]\"");
	for (const struct cmd *const *c = cmd_all(); *c != NULL; c++)
		printf(" %s", (*c)->name);
	printf("\n        set command $words[1]\n    end\n    test \"$command\" = $argv[1]\nend\n");
	for (const struct cmd *const *c = cmd_all(); *c != NULL; c++) {
		printf("complete -c hail -f -n __fish_use_subcommand -a %s -d ", (*c)->name);
		fish_text((*c)->summary);
		putchar('\n');
		for_each_row(*c, fish_row);
	}
}

int
completion_print(const char *shell)
{
	if (strcmp(shell, "bash") == 0) {
		bash();
	} else if (strcmp(shell, "zsh") == 0) {
		zsh();
	} else if (strcmp(shell, "fish") == 0) {
		fish();
	} else {
		cmd_complain("--completion: expected bash, zsh or fish");
		return EXIT_USAGE;
	}
	return EXIT_FINE;
}

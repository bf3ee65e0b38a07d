/* run_env.h: what {env:NAME} stands for: the environment, and behind it a file. */
#ifndef HAIL_CLI_RUN_ENV_H
#define HAIL_CLI_RUN_ENV_H

struct err;

/* Reads lines of NAME=VALUE; empty ones and those that begin with "#" are skipped, "export " in
 * front and quotes around a value are taken away. -1 with class ERR_IO, or ERR_USAGE with the
 * line. */
int run_env_read(const char *path, struct err *e);

/* NULL: neither has it. */
const char *run_env_get(const char *name);

void run_env_release(void);

#endif

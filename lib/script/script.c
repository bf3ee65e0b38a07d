#include "lib/script/script.h"

#include "lib/script/parse.h"

struct script *
script_read(const char *path, const struct script_params *params, struct script_errors *errors)
{
	return parse_script(path, (struct slice){NULL, 0}, NULL, params, errors);
}

struct script *
script_parse(const char *name, struct slice text, const char *folder,
    const struct script_params *params, struct script_errors *errors)
{
	text.data = text.data != NULL ? text.data : "";
	return parse_script(name, text, folder, params, errors);
}

#include "lib/channel/channel.h"

const struct channel_end channel_end_no_memory = {.why = {.class = ERR_MEMORY,
    .text = "no memory for the end of a connection"}};

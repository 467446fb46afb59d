/* Where the user's own rules, knowledge and prompts are. */
#pragma once

/* ~/.config/sysgrok/NAME (or below XDG_CONFIG_HOME); owned, NULL where there is no home. */
char *config_folder(const char *name);

/*
 * What PS1 and PS2 come to. Parameters, $( ) and $(( )) in them are expanded
 * as POSIX wants it, and before that these:
 *
 *	\w  the directory, the home directory as ~     \W  its last component
 *	\?  "[1] " when the last command failed         \$  # for root, else $
 *	\u  the user      \h  the machine, to a dot     \H  all of its name
 *	\t  the time, UTC \!  the number in the history \s  the shell's name
 *	\n  \r  \e  \a  \\  \NNN  as in C               \[ \]  nothing
 */
#pragma once

/* On the command's arena. */
const char *prompt_text(const char *ps);

/*
 * Power-off and restart by registers that the tree names, for machines whose
 * firmware cannot do it. Called when the SBI calls have failed.
 */
#pragma once

/* Come back when there is no such register, or it does nothing. */
void power_off_by_device(void);
void power_restart_by_device(void);

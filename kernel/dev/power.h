/*
 * Power-off and restart by registers that the tree names, for machines whose
 * firmware cannot do it. Called when the SBI calls have failed.
 */
#pragma once

/* Come back when there is no such register, or it does nothing. Behind the
 * register the power-off tries the firmware's legacy call, which is last because
 * OpenSBI stops the hart in it where it knows no way either. */
void power_off_by_device(void);
void power_restart_by_device(void);

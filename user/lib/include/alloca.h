/* Memory on the stack. */
#pragma once

#define alloca(n) __builtin_alloca(n)

// All kernels of one level: the compiler is told which processor it may assume, and LEVEL names the table.
#include "elementwise.h"
#include "gemm.h"
#include "table.h"

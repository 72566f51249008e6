// All kernels of one level: the compiler is told which processor it may assume, and LEVEL names the table.
#include "elementwise.h"
#include "depthwise-weights.h"
#include "cross-entropy.h"
#include "normalisation.h"
#include "optimisers.h"
#include "pooling.h"
#include "random.h"
#include "table.h"

/* Fault points: places where a test may stop or fail the program. They cost
 * nothing, and do not exist, unless the build has KEYTURN_FAULT.
 *
 * KEYTURN_FAULT_POINTS in the environment names what happens:
 *     name:kill@3     SIGKILL ourselves at the third passage
 *     name:fail@1     FAULT_FAILS is true at the first passage (once)
 *     *:kill@17       the 17th passage of any point
 * several joined by ','. KEYTURN_FAULT_COUNT names a file to which each passage
 * appends a line with the point's name, so that a harness learns them all. */
#ifndef KEYTURN_BASE_FAULT_H
#define KEYTURN_BASE_FAULT_H

#include <stdbool.h>

#ifdef KEYTURN_FAULT
bool fault_passes(const char *name); /* true: this passage must fail */
#define FAULT_POINT(name) ((void)fault_passes(name))
#define FAULT_FAILS(name) fault_passes(name)
#else
#define FAULT_POINT(name) ((void)0)
#define FAULT_FAILS(name) false
#endif

#endif

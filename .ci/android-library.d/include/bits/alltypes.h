/* Bionic's pthread_mutexattr_t, which is larger than musl's. musl includes this file several times. */
#ifndef __DEFINED_pthread_mutexattr_t
typedef long pthread_mutexattr_t;
#define __DEFINED_pthread_mutexattr_t
#endif
#include_next <bits/alltypes.h>

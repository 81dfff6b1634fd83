/* Bionic's errno. */
#pragma once
#include <bits/errno.h>
#ifdef __cplusplus
extern "C"
#endif
int *__errno(void) __attribute__((const));
#define errno (*__errno())

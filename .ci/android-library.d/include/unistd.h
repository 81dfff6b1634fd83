/* Bionic's numbers for the names of sysconf that are in use. The other names keep musl's numbers, which are wrong for Android. */
#pragma once
#include_next <unistd.h>
#undef _SC_PAGESIZE
#undef _SC_PAGE_SIZE
#undef _SC_NPROCESSORS_CONF
#undef _SC_NPROCESSORS_ONLN
#undef _SC_PHYS_PAGES
#define _SC_PAGESIZE 0x27
#define _SC_PAGE_SIZE 0x28
#define _SC_NPROCESSORS_CONF 0x60
#define _SC_NPROCESSORS_ONLN 0x61
#define _SC_PHYS_PAGES 0x62

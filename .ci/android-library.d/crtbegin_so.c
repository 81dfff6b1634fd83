/* What every shared library of Android contains besides its own code. */
__attribute__((visibility("hidden"))) void *__dso_handle = &__dso_handle;

extern void __cxa_finalize(void *);
extern int __cxa_atexit(void (*)(void *), void *, void *);

__attribute__((destructor)) static void finalize(void) { __cxa_finalize(&__dso_handle); }

__attribute__((visibility("hidden"))) int atexit(void (*function)(void)) {
    return __cxa_atexit((void (*)(void *))function, 0, &__dso_handle);
}

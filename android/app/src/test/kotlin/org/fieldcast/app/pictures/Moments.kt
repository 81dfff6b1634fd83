package org.fieldcast.app.pictures

/** The time in all pictures: Tuesday, 10 March 2026, 14:20 UTC, in milliseconds since 1970. */
const val NOW = 1_773_152_400_000L

/** Milliseconds. */
const val DAY = 24 * 60 * 60 * 1000L

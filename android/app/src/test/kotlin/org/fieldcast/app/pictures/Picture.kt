package org.fieldcast.app.pictures

import androidx.compose.runtime.Composable

/** A state of a screen that is drawn, compared and checked. */
class Picture(val name: String, val content: @Composable () -> Unit)

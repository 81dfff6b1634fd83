package org.fieldcast.app.state

import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import org.fieldcast.app.ui.Place

/** Which screen the user sees. */
class ShownScreen {
    private val current = MutableStateFlow<Place?>(null)
    private var isVisible = false
    private var last: Place? = null

    /** None while the app is not on the screen. */
    val place: StateFlow<Place?> = current.asStateFlow()

    /** The app came on the screen, or left it. */
    @Synchronized
    fun setVisible(isVisible: Boolean) {
        this.isVisible = isVisible
        update()
    }

    /** The app leads to this screen. */
    @Synchronized
    fun setPlace(place: Place) {
        last = place
        update()
    }

    private fun update() {
        current.value = last.takeIf { isVisible }
    }
}

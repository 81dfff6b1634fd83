package org.fieldcast.app.state

import android.content.Context
import androidx.core.content.edit
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import org.fieldcast.sdk.android.FieldcastAndroid

/** Whether to offer the notification, which is useful but not necessary: once, until the user has answered. */
class NotificationConsent(private val context: Context) {
    private val current = MutableStateFlow(false)

    val isOpen: StateFlow<Boolean> = current.asStateFlow()

    /** Reads whether the question is open. Not for the main thread. */
    fun check() {
        val isMissing = FieldcastAndroid.missingNotificationPermission(context).isNotEmpty()
        current.value = isMissing && !preferences().contains(ANSWERED)
    }

    /** The user has answered. */
    fun close() {
        preferences().edit { putBoolean(ANSWERED, true) }
        current.value = false
    }

    private fun preferences() = context.getSharedPreferences("notification", Context.MODE_PRIVATE)

    private companion object {
        const val ANSWERED = "answered"
    }
}
